//! The one task of a bus that looks at batches, alive while anybody wants to know.

use std::{collections::HashMap, mem, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::Instant,
};

use super::{Callback, Failed, Inner, Interest, Origin, State, View, lock};
use crate::{
    error::{StoreError, bounded},
    message::{BatchId, BatchMetadata, Domain},
    store::Wake,
};

/// How often every batch is looked at, for wake-ups that were lost.
const ROUND: Duration = Duration::from_secs(5);

/// How long a look may take; one on a connection that hangs would be the last.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Listener {
    inner: Arc<Inner>,
    ended: bool,
}

impl Listener {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, ended: false }
    }

    pub(super) async fn run(mut self) {
        let mut wakes = self.inner.store.wakes();
        self.inner.store.watch(&Wake::Batch(None));
        let mut next_round = Instant::now();
        loop {
            let whole_round = next_round <= Instant::now();
            if whole_round {
                next_round = Instant::now() + ROUND;
            }
            let Some(keys) = self.due(whole_round) else { return };
            for (domain, ids) in keys {
                self.look(&domain, &ids).await;
            }
            tokio::select! {
                wake = woken(&mut wakes) => match wake {
                    Some(id) => self.ask_by_id(id),
                    None => next_round = Instant::now(),
                },
                () = self.inner.completion.asking.notified() => {}
                () = tokio::time::sleep_until(next_round) => {}
            }
        }
    }

    /// The batches to look at, by domain; `None` when nobody wants to know anything any more.
    fn due(&mut self, whole_round: bool) -> Option<HashMap<Domain, Vec<BatchId>>> {
        let mut state = lock(&self.inner.completion.state);
        state.interests.retain(|_, interest| !interest.is_idle());
        let asked = mem::take(&mut state.asked);
        if state.interests.is_empty() {
            state.listening = false;
            self.ended = true;
            return None;
        }
        let mut due: HashMap<Domain, Vec<BatchId>> = HashMap::new();
        for (domain, id) in state.interests.keys().filter(|key| whole_round || asked.contains(*key)) {
            due.entry(domain.clone()).or_default().push(*id);
        }
        Some(due)
    }

    fn ask_by_id(&self, id: BatchId) {
        let mut state = lock(&self.inner.completion.state);
        let keys: Vec<_> = state.interests.keys().filter(|key| key.1 == id).cloned().collect();
        state.asked.extend(keys);
    }

    async fn look(&self, domain: &Domain, ids: &[BatchId]) {
        let found = match bounded(PATIENCE, "batches", self.inner.store.batches(domain, ids)).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%domain, %error, "batches cannot be looked at, will try again");
                // Who waits, waits through an outage; what no waiting mends is told.
                if !error.is_transient() {
                    self.publish(domain, ids, || View::Failed(Failed(error.clone())));
                }
                return;
            }
        };
        let mut missing: Vec<BatchId> = ids.to_vec();
        for batch in found {
            missing.retain(|id| *id != batch.batch_id);
            self.seen(domain, batch);
        }
        if !missing.is_empty() {
            self.missing(domain, &missing).await;
        }
    }

    fn publish(&self, domain: &Domain, ids: &[BatchId], view: impl Fn() -> View) {
        let state = lock(&self.inner.completion.state);
        for interest in ids.iter().filter_map(|id| state.interests.get(&(domain.clone(), *id))) {
            show(interest, view());
        }
    }

    fn seen(&self, domain: &Domain, batch: BatchMetadata) {
        let mut state = lock(&self.inner.completion.state);
        let Some(interest) = state.interests.get_mut(&(domain.clone(), batch.batch_id)) else { return };
        show(interest, View::Seen(batch.clone()));
        if !batch.status.is_terminal() {
            return;
        }
        // A creation that is not through yet may be refused because this batch has its id.
        let (creating, ready): (Vec<_>, Vec<_>) =
            mem::take(&mut interest.callbacks).into_iter().partition(|entry| entry.origin == Origin::Creating);
        interest.callbacks = creating;
        drop(state);
        for registered in ready {
            tokio::spawn(call(registered.callback, batch.clone()));
        }
    }

    /// Batches that are not there: not committed yet, rolled back, or removed.
    async fn missing(&self, domain: &Domain, ids: &[BatchId]) {
        let open = self.open_transactions(domain, ids);
        let rolled_back = match self.rolled_back(&open).await {
            Ok(rolled_back) => rolled_back,
            Err(error) => {
                tracing::warn!(%domain, %error, "transactions cannot be looked up, will try again");
                return;
            }
        };
        let mut state = lock(&self.inner.completion.state);
        let State { interests, asked, .. } = &mut *state;
        for id in ids {
            let key = (domain.clone(), *id);
            if asked.contains(&key) {
                continue;
            }
            let Some(interest) = interests.get_mut(&key) else { continue };
            interest.callbacks.retain(|registered| match &registered.origin {
                Origin::Creating => true,
                Origin::Transaction(transaction) => !rolled_back.contains(transaction),
                Origin::Committed => {
                    tracing::warn!(%domain, batch_id = %id, "the batch was removed before its callback could run");
                    false
                }
            });
            show(interest, View::Missing);
        }
    }

    fn open_transactions(&self, domain: &Domain, ids: &[BatchId]) -> Vec<String> {
        let state = lock(&self.inner.completion.state);
        ids.iter()
            .filter_map(|id| state.interests.get(&(domain.clone(), *id)))
            .flat_map(|interest| &interest.callbacks)
            .filter_map(|registered| match &registered.origin {
                Origin::Transaction(transaction) => Some(transaction.clone()),
                Origin::Creating | Origin::Committed => None,
            })
            .collect()
    }

    async fn rolled_back(&self, transactions: &[String]) -> Result<Vec<String>, StoreError> {
        let store = self.inner.store.as_postgres().filter(|_| !transactions.is_empty());
        let Some(store) = store else { return Ok(Vec::new()) };
        let rolled_back = bounded(PATIENCE, "rolled_back", store.rolled_back(transactions)).await?;
        Ok(transactions.iter().zip(rolled_back).filter(|(_, gone)| *gone).map(|(id, _)| id.clone()).collect())
    }
}

impl Drop for Listener {
    /// Ended with its runtime. Callbacks stay for the next listener; whoever waits on another runtime hears of it by
    /// its channel and starts that one.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut state = lock(&self.inner.completion.state);
        state.listening = false;
        for interest in state.interests.values_mut() {
            interest.view = Interest::default().view;
        }
    }
}

fn show(interest: &Interest, view: View) {
    interest.view.send_if_modified(|last| {
        let changed = *last != view;
        *last = view;
        changed
    });
}

/// Runs a callback in a task of its own; how it ends changes nothing but the log.
async fn call(callback: Callback, batch: BatchMetadata) {
    let (domain, batch_id) = (batch.domain.clone(), batch.batch_id);
    let outcome = AssertUnwindSafe(async move { callback(batch).await }).catch_unwind().await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%domain, %batch_id, %error, "the callback of the batch failed"),
        Err(panic) => {
            let panic = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(%domain, %batch_id, panic, "the callback of the batch panicked");
        }
    }
}

/// The batch that ended, or `None`: any may have.
async fn woken(wakes: &mut broadcast::Receiver<Wake>) -> Option<BatchId> {
    loop {
        match wakes.recv().await {
            Ok(Wake::Batch(batch)) => return batch,
            Ok(Wake::Resync) | Err(RecvError::Lagged(_)) => return None,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
