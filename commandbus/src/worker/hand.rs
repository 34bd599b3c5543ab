//! What the worker has in hand: everything received and not yet settled.
//!
//! A delivery waits, runs, and has ended when its outcome is known but not yet written; it leaves the hand when the
//! settlement is written, or when it is found to be no longer ours. All of them count against one budget, so that a
//! store that settles slowly slows the intake, and all of them have their lease renewed.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::pace::Pace;
use crate::store::{Delivery, Token};

/// What a runner does next.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) delivery: Delivery,
    pub(super) cancellation: CancellationToken,
    /// Whether to start another runner.
    pub(super) another: bool,
}

/// Where a delivery in hand is.
#[derive(Debug)]
enum Stage {
    Waiting,
    Running { cancellation: CancellationToken, lost: bool },
    Ended,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    held: HashMap<Token, Stage>,
    /// Asked for by receives that are under way.
    asked: usize,
    runners: usize,
    /// One of the runners has been started and has not looked yet.
    starting: bool,
    pace: Pace,
    closed: bool,
}

/// The deliveries in hand; see the module.
#[derive(Debug)]
pub(super) struct Hand {
    concurrency: usize,
    interrupt: CancellationToken,
    state: Mutex<State>,
    /// Something left the hand, or started to run.
    room: Notify,
    /// For shutdown: a runner ended or something left the hand.
    less: Notify,
}

/// How much is in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) waiting: usize,
    pub(super) running: usize,
    pub(super) held: usize,
}

impl Hand {
    /// `interrupt` cancels whatever runs.
    pub(super) fn new(concurrency: usize, interrupt: CancellationToken) -> Self {
        Self { concurrency, interrupt, state: Mutex::default(), room: Notify::new(), less: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> Count {
        let state = self.state();
        Count { waiting: state.waiting.len(), running: state.runners, held: state.held.len() }
    }

    /// Reserves room for one receive of up to `group`; `beside`: while another one is under way, which is only worth a
    /// round trip of its own for half a group. Zero: not now.
    pub(super) fn reserve(&self, group: usize, beside: bool) -> usize {
        let mut state = self.state();
        let budget = self.concurrency + state.pace.ahead(self.concurrency);
        let room = budget.saturating_sub(state.held.len() + state.asked).min(group);
        // While handlers have something to start with, small receives are left to add up.
        let hurry = !beside && state.waiting.is_empty();
        if room == 0 || (!hurry && room < (group / 2).min(budget / 4)) {
            return 0;
        }
        state.asked += room;
        room
    }

    /// Takes what a receive brought for the room it had reserved. Returns whether to start a runner.
    #[must_use]
    pub(super) fn admit(&self, reserved: usize, deliveries: Vec<Delivery>) -> bool {
        let mut state = self.state();
        state.asked -= reserved;
        for delivery in deliveries {
            state.held.insert(delivery.token, Stage::Waiting);
            state.waiting.push_back(delivery);
        }
        !state.closed && self.another(&mut state)
    }

    /// Whether to start another runner. One at a time, and each starts the next when it has something to do: handlers
    /// that end at once then share few runners, and those that wait have all that they may within microseconds.
    fn another(&self, state: &mut State) -> bool {
        if state.waiting.is_empty() || state.starting || state.runners >= self.concurrency {
            return false;
        }
        state.starting = true;
        state.runners += 1;
        true
    }

    /// The next delivery for a runner; `None` ends the runner.
    pub(super) fn next(&self, first: bool) -> Option<Turn> {
        let mut state = self.state();
        if first {
            state.starting = false;
        }
        if let Some((delivery, cancellation)) = self.start(&mut state, |_| true) {
            let another = self.another(&mut state);
            return Some(Turn { delivery, cancellation, another });
        }
        state.runners -= 1;
        drop(state);
        self.less.notify_waiters();
        None
    }

    /// The next delivery for a runner that has yet to commit its last one, if it fits. Starts no other runner: that would have
    /// to wait for the commit.
    pub(super) fn next_if(&self, fits: impl Fn(&Delivery) -> bool) -> Option<Turn> {
        let (delivery, cancellation) = self.start(&mut self.state(), fits)?;
        Some(Turn { delivery, cancellation, another: false })
    }

    /// Takes the first that waits, if it fits.
    fn start(&self, state: &mut State, fits: impl Fn(&Delivery) -> bool) -> Option<(Delivery, CancellationToken)> {
        if state.closed {
            return None;
        }
        while let Some(delivery) = state.waiting.pop_front_if(|delivery| fits(delivery)) {
            let cancellation = self.interrupt.child_token();
            // Absent when its lease was lost while it waited.
            if let Some(stage) = state.held.get_mut(&delivery.token) {
                *stage = Stage::Running { cancellation: cancellation.clone(), lost: false };
                if state.waiting.is_empty() {
                    self.room.notify_one();
                }
                return Some((delivery, cancellation));
            }
        }
        None
    }

    /// The outcome of a call is about to be written by its own transaction: whether it is still current is for that to
    /// find out, since a renewal that waits for it comes back with the same answer as one that lost its lease. `false`
    /// when it was lost before.
    pub(super) fn settles_itself(&self, token: Token) -> bool {
        match self.state().held.get_mut(&token) {
            Some(Stage::Running { lost: true, .. }) | None => false,
            Some(stage) => {
                *stage = Stage::Ended;
                true
            }
        }
    }

    /// A call is over. `false` when its lease was lost meanwhile, and then it has left the hand.
    pub(super) fn end(&self, token: Token, took: Duration) -> bool {
        let mut state = self.state();
        state.pace.record(took);
        match state.held.get_mut(&token) {
            Some(Stage::Running { lost: true, .. }) => {
                state.held.remove(&token);
                drop(state);
                self.left();
                false
            }
            Some(stage) => {
                *stage = Stage::Ended;
                true
            }
            None => false,
        }
    }

    /// Settled, or found stale.
    pub(super) fn release(&self, tokens: impl IntoIterator<Item = Token>) {
        {
            let mut state = self.state();
            for token in tokens {
                state.held.remove(&token);
            }
        }
        self.left();
    }

    fn left(&self) {
        self.room.notify_one();
        self.less.notify_waiters();
    }

    /// Everything whose lease has to be renewed.
    pub(super) fn tokens(&self) -> Vec<Token> {
        self.state().held.keys().copied().collect()
    }

    /// These are no longer ours: those that wait are dropped, those that run are canceled, those that have ended are
    /// left to their settlement, which may have been written meanwhile. Returns the others.
    pub(super) fn lose(&self, tokens: impl IntoIterator<Item = Token>) -> Vec<Token> {
        let mut state = self.state();
        let mut lost_now = Vec::new();
        for token in tokens {
            match state.held.get_mut(&token) {
                Some(Stage::Waiting) => {
                    state.held.remove(&token);
                }
                Some(Stage::Running { cancellation, lost }) if !*lost => {
                    *lost = true;
                    cancellation.cancel();
                }
                _ => continue,
            }
            lost_now.push(token);
        }
        drop(state);
        self.left();
        lost_now
    }

    /// Starts nothing more. Returns what had not been started; it stays in hand until it is settled.
    pub(super) fn close(&self) -> Vec<Delivery> {
        let mut state = self.state();
        state.closed = true;
        let State { waiting, held, .. } = &mut *state;
        let mut unstarted = Vec::new();
        for delivery in waiting.drain(..) {
            if let Some(stage) = held.get_mut(&delivery.token) {
                *stage = Stage::Ended;
                unstarted.push(delivery);
            }
        }
        unstarted
    }

    /// Returns when there may be room for another receive.
    pub(super) async fn room(&self) {
        self.room.notified().await;
    }

    /// Returns when `enough` holds.
    pub(super) async fn until(&self, enough: impl Fn(Count) -> bool) {
        loop {
            let less = self.less.notified();
            tokio::pin!(less);
            less.as_mut().enable();
            if enough(self.count()) {
                return;
            }
            less.await;
        }
    }
}
