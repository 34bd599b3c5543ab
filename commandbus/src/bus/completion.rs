//! Who wants to know how a batch goes: callbacks, waiters and progress streams share one task and its queries.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};

use super::{Inner, lock};
use crate::{
    error::StoreError,
    message::{BatchId, BatchMetadata, Domain},
};

mod listener;

/// What runs when a batch has ended; an error is for the log.
pub(super) type Callback = Box<dyn FnOnce(BatchMetadata) -> BoxFuture<'static, Result<(), String>> + Send>;

pub(super) type Key = (Domain, BatchId);

/// The batches of this process that somebody waits for.
#[derive(Default)]
pub(super) struct Completion {
    state: Mutex<State>,
    /// Something was added to `asked`.
    asking: Notify,
}

#[derive(Default)]
struct State {
    interests: HashMap<Key, Interest>,
    /// Batches to look at without waiting for the next round. What is asked for during a look makes that look too old
    /// to say that a batch is missing.
    asked: HashSet<Key>,
    listening: bool,
    registrations: u64,
}

struct Interest {
    callbacks: Vec<Registered>,
    view: watch::Sender<View>,
}

/// A callback; several batches of one id may be under creation, of which one will exist.
struct Registered {
    number: u64,
    origin: Origin,
    callback: Callback,
}

/// How far the creation of a batch has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is being created, and may not come to be.
    Creating,
    /// It was created in this transaction of the caller, which may roll back.
    Transaction(String),
    /// It exists.
    Committed,
}

/// What was last seen of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum View {
    #[default]
    Unseen,
    Seen(BatchMetadata),
    Missing,
    Failed(Failed),
}

/// An error of the store, which every failed look may report anew.
#[derive(Debug, Clone)]
pub(super) struct Failed(pub(super) StoreError);

impl PartialEq for Failed {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Default for Interest {
    fn default() -> Self {
        Self { callbacks: Vec::new(), view: watch::Sender::new(View::Unseen) }
    }
}

impl Interest {
    fn is_idle(&self) -> bool {
        self.callbacks.is_empty() && self.view.receiver_count() == 0
    }
}

impl Inner {
    /// Registers a callback for a batch that is about to be created. Dropped before [`Registration::keep`], it is
    /// forgotten.
    pub(super) fn register(self: &Arc<Self>, key: Key, callback: Callback) -> Registration {
        let mut state = lock(&self.completion.state);
        state.registrations += 1;
        let number = state.registrations;
        let interest = state.interests.entry(key.clone()).or_default();
        interest.callbacks.push(Registered { number, origin: Origin::Creating, callback });
        drop(state);
        self.listen();
        Registration { inner: Arc::clone(self), key, number, kept: false }
    }

    /// Watches a batch: what is known of it is news to the receiver, and a look is under way.
    pub(super) fn subscribe(self: &Arc<Self>, key: &Key) -> watch::Receiver<View> {
        let mut state = lock(&self.completion.state);
        let interest = state.interests.entry(key.clone()).or_default();
        // What was missing when its callback was registered, before its creation, has been created since.
        interest.view.send_if_modified(|last| {
            let outdated = matches!(last, View::Missing | View::Failed(_));
            if outdated {
                *last = View::Unseen;
            }
            outdated
        });
        let mut receiver = interest.view.subscribe();
        receiver.mark_changed();
        drop(state);
        self.ask(key);
        self.listen();
        receiver
    }

    /// Asks for a look at a batch, soon.
    pub(super) fn ask(&self, key: &Key) {
        lock(&self.completion.state).asked.insert(key.clone());
        self.completion.asking.notify_one();
    }

    fn listen(self: &Arc<Self>) {
        if !std::mem::replace(&mut lock(&self.completion.state).listening, true) {
            tokio::spawn(listener::Listener::new(Arc::clone(self)).run());
        }
    }
}

/// A callback whose batch is being created.
pub(super) struct Registration {
    inner: Arc<Inner>,
    key: Key,
    number: u64,
    kept: bool,
}

impl Registration {
    /// The creation succeeded, as far as `origin` says.
    pub(super) fn keep(mut self, origin: Origin) {
        self.kept = true;
        if let Some(interest) = lock(&self.inner.completion.state).interests.get_mut(&self.key) {
            for registered in interest.callbacks.iter_mut().filter(|registered| registered.number == self.number) {
                registered.origin = origin.clone();
            }
        }
        // It may have ended between its commit and now.
        self.inner.ask(&self.key);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Some(interest) = lock(&self.inner.completion.state).interests.get_mut(&self.key) {
            interest.callbacks.retain(|registered| registered.number != self.number);
        }
        self.inner.completion.asking.notify_one();
    }
}
