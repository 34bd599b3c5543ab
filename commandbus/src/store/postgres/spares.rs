//! Connections that are kept from one call to the next.
//!
//! A pool asks each connection that comes back whether it is done, and may ask again before it hands it out: up to three
//! round trips for a call of one. Where calls follow each other closely, a connection is therefore kept beside its pool for
//! a moment, and the next call takes it from here.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::time::{Instant, sleep_until};

/// For how long connections are kept, and whose they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keeping {
    /// Nobody else takes connections from the pool.
    Own(Duration),
    /// Others do: nothing is kept that one of them may wait for.
    Shared(Duration),
}

/// What is kept of a pool.
pub(super) trait Keep: Debug + Send + 'static {
    /// To its pool.
    fn give_back(self);

    /// Without a pool to go to, and perhaps without a runtime.
    fn abandon(self);
}

impl Keep for PoolConnection<Postgres> {
    fn give_back(self) {
        drop(self);
    }

    fn abandon(self) {
        drop(self.detach());
    }
}

/// The connections of a pool that are at hand.
#[derive(Debug)]
pub(super) struct Spares<C: Keep> {
    pool: PgPool,
    keeping: Keeping,
    state: Mutex<State<C>>,
}

#[derive(Debug)]
struct State<C> {
    idle: Vec<Spare<C>>,
    /// How many wait for the pool, where what is idle here cannot be had.
    waiting: usize,
    /// Somebody comes to give back what is kept for long enough.
    swept: bool,
}

#[derive(Debug)]
pub(super) struct Spare<C> {
    pub(super) held: C,
    /// When it goes back to its pool, which has rules of its own on how old and how idle connections become.
    until: Instant,
}

impl<C> Spare<C> {
    /// One that is never kept.
    pub(super) fn until_now(held: C) -> Self {
        Self { held, until: Instant::now() }
    }
}

impl<C: Keep> Spares<C> {
    pub(super) fn new(pool: PgPool, keeping: Keeping) -> Self {
        Self { pool, keeping, state: Mutex::new(State { idle: Vec::new(), waiting: 0, swept: false }) }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// One that is at hand; else somebody who goes and waits for the pool.
    pub(super) fn take(&self) -> Result<Spare<C>, Waiting<'_, C>> {
        let mut state = self.state();
        state.idle.pop().ok_or_else(|| {
            state.waiting += 1;
            Waiting(self)
        })
    }

    /// Whether it should be kept now: it is not yet time for it to go back, and nobody waits for one.
    pub(super) fn keeps(&self, spare: &Spare<C>) -> bool {
        Instant::now() < spare.until && !self.pool.is_closed() && !self.is_wanted(self.state().waiting)
    }

    /// For the next call; for whoever has begun to wait meanwhile.
    pub(super) fn put(self: &Arc<Self>, spare: Spare<C>) {
        let mut state = self.state();
        if self.is_wanted(state.waiting) {
            drop(state);
            return spare.held.give_back();
        }
        let until = spare.until;
        state.idle.push(spare);
        if !std::mem::replace(&mut state.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self), until));
        }
    }

    /// Whether others take connections from the pool, too.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.keeping, Keeping::Shared(_))
    }

    /// Whether the pool has no connection left for one of those who wait for it: of us, or where others use it, perhaps of
    /// them. Whoever asks a pool that has one left gets that.
    fn is_wanted(&self, waiting: usize) -> bool {
        let is_exhausted =
            || self.pool.num_idle() == 0 && self.pool.size() >= self.pool.options().get_max_connections();
        (waiting > 0 || self.is_shared()) && is_exhausted()
    }

    /// What is no longer kept from now on, and when the next of the others is over.
    fn over(&self) -> (Vec<Spare<C>>, Option<Instant>) {
        let mut state = self.state();
        let now = Instant::now();
        let over = state.idle.extract_if(.., |spare| spare.until <= now).collect();
        let earliest = state.idle.iter().map(|spare| spare.until).min();
        state.swept = earliest.is_some();
        (over, earliest)
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives back what has been kept for long enough, as long as something is kept.
async fn sweep<C: Keep>(spares: Weak<Spares<C>>, mut next: Instant) {
    loop {
        sleep_until(next).await;
        let Some(spares) = spares.upgrade() else { return };
        let (over, earliest) = spares.over();
        over.into_iter().for_each(|spare| spare.held.give_back());
        let Some(earliest) = earliest else { return };
        next = earliest;
    }
}

impl<C: Keep> Drop for Spares<C> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.idle.drain(..).for_each(|spare| spare.held.abandon());
    }
}

/// Somebody who waits for the pool, until this is dropped.
#[derive(Debug)]
pub(super) struct Waiting<'a, C: Keep>(&'a Spares<C>);

impl<C: Keep> Waiting<'_, C> {
    /// What the pool gave.
    pub(super) fn over(self, held: C) -> Spare<C> {
        let (Keeping::Own(time) | Keeping::Shared(time)) = self.0.keeping;
        Spare { held, until: Instant::now() + time }
    }
}

impl<C: Keep> Drop for Waiting<'_, C> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}
