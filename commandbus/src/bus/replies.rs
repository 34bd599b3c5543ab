//! All who wait for replies of one domain ask the store together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
    oneshot,
};

use super::{Inner, lock};
use crate::{
    error::StoreError,
    message::{CommandId, Domain, Reply},
    store::Wake,
};

/// The first pause between two looks where no wake-up comes; it doubles up to [`SLOWEST`], and starts again with each
/// sender that joins.
const QUICKEST: Duration = Duration::from_millis(100);

/// The longest pause between two looks, and so the worst delay of a reply whose wake-up was lost.
const SLOWEST: Duration = Duration::from_secs(5);

type Answer = oneshot::Sender<Result<Reply, StoreError>>;

/// Who waits for which reply. A domain is here as long as a task looks after it.
#[derive(Default)]
pub(super) struct Replies(Mutex<HashMap<Domain, Waiting>>);

#[derive(Default)]
struct Waiting {
    answers: HashMap<CommandId, Vec<Answer>>,
    joined: Arc<Notify>,
}

impl Inner {
    /// Waits until the command has ended.
    pub(super) async fn await_reply(self: &Arc<Self>, domain: &Domain, id: CommandId) -> Result<Reply, StoreError> {
        loop {
            let (answer, reply) = oneshot::channel();
            if let Some(watch) = self.join(domain, id, answer) {
                tokio::spawn(watch.run());
            }
            // An error: the runtime of the watch ended, which need not be the one we run on.
            if let Ok(reply) = reply.await {
                return reply;
            }
        }
    }

    fn join(self: &Arc<Self>, domain: &Domain, id: CommandId, answer: Answer) -> Option<Watch> {
        let mut domains = lock(&self.replies.0);
        let watched = domains.contains_key(domain);
        let waiting = domains.entry(domain.clone()).or_default();
        waiting.answers.entry(id).or_default().push(answer);
        waiting.joined.notify_one();
        (!watched).then(|| Watch {
            inner: Arc::clone(self),
            domain: domain.clone(),
            joined: Arc::clone(&waiting.joined),
            ended: false,
        })
    }
}

/// Looks for the replies of one domain while anyone waits for one.
struct Watch {
    inner: Arc<Inner>,
    domain: Domain,
    joined: Arc<Notify>,
    ended: bool,
}

impl Watch {
    async fn run(mut self) {
        let mut wakes = self.inner.store.wakes();
        self.inner.store.watch(&Wake::Reply(self.domain.clone()));
        let mut pause = QUICKEST;
        loop {
            let ids = self.awaited();
            if ids.is_empty() {
                return;
            }
            match self.inner.store.replies(&self.domain, &ids).await {
                Ok(replies) => self.deliver(replies),
                Err(error) if error.is_transient() => {
                    tracing::warn!(domain = %self.domain, %error, "replies cannot be looked up, will try again");
                }
                Err(error) => self.fail(&error),
            }
            tokio::select! {
                () = woken(&mut wakes, &self.domain) => {}
                () = self.joined.notified() => pause = QUICKEST,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(SLOWEST),
            }
        }
    }

    /// The ids that anyone still waits for; with none the watch has ended.
    fn awaited(&mut self) -> Vec<CommandId> {
        let mut domains = lock(&self.inner.replies.0);
        let Some(waiting) = domains.get_mut(&self.domain) else { return Vec::new() };
        waiting.answers.retain(|_, answers| {
            answers.retain(|answer| !answer.is_closed());
            !answers.is_empty()
        });
        let ids: Vec<_> = waiting.answers.keys().copied().collect();
        if ids.is_empty() {
            domains.remove(&self.domain);
            self.ended = true;
        }
        ids
    }

    fn deliver(&self, replies: Vec<Reply>) {
        let mut domains = lock(&self.inner.replies.0);
        let Some(waiting) = domains.get_mut(&self.domain) else { return };
        for reply in replies {
            for answer in waiting.answers.remove(&reply.command_id).into_iter().flatten() {
                let _ = answer.send(Ok(reply.clone()));
            }
        }
    }

    fn fail(&self, error: &StoreError) {
        let mut domains = lock(&self.inner.replies.0);
        let Some(waiting) = domains.get_mut(&self.domain) else { return };
        for answer in waiting.answers.drain().flat_map(|(_, answers)| answers) {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

impl Drop for Watch {
    /// Ended with its runtime: whoever waits on another one hears of it and starts a watch there.
    fn drop(&mut self) {
        if !self.ended {
            lock(&self.inner.replies.0).remove(&self.domain);
        }
    }
}

/// Returns when replies of the domain may have come.
async fn woken(wakes: &mut broadcast::Receiver<Wake>, domain: &Domain) {
    loop {
        match wakes.recv().await {
            Ok(Wake::Reply(of)) if of == *domain => return,
            Ok(Wake::Resync) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
