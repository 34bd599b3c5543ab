//! One delivery through its handler, in small steps.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use metrics::histogram;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    engine::Engine,
    hand::Turn,
    settlement::{self, Ending, Terms},
    settling, transactional,
};
use crate::{
    handler::{Callable, Context, HandlerEntry, Invocation, Outcome, context, transaction::TxSlot},
    message::{Backoff, Failure, FailureKind, version::ReadError},
    store::{Delivery, ParkReason, Settled, Settlement, Verdict, postgres::HandlerTransaction},
    telemetry::{self, field, metric},
};

/// How long a canceled handler has to end by itself before it is dropped where it stands.
pub(super) const COURTESY: Duration = Duration::from_secs(1);

/// What is left to do for a delivery.
#[derive(Debug)]
pub(super) enum Conclusion {
    /// To be settled with others.
    Settle(Verdict),
    /// Its own transaction settled it, or found it stale.
    Settled(Verdict, Settled),
}

/// Starts one of the runners, of which there are at most as many as commands may run at once.
pub(super) fn start_runner(engine: Arc<Engine>) {
    tokio::spawn(run(engine));
}

/// What a runner has begun before it was done with the last one: a turn, and if all went well, its transaction.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) turn: Turn,
    pub(super) transaction: Option<HandlerTransaction>,
}

/// A runner: handles what waits until nothing does.
async fn run(engine: Arc<Engine>) {
    let mut first = true;
    let mut following = None;
    while let Some(Following { turn, transaction }) = following.take().or_else(|| {
        let turn = engine.hand.next(std::mem::take(&mut first))?;
        Some(Following { turn, transaction: None })
    }) {
        if turn.another {
            start_runner(Arc::clone(&engine));
        }
        following = handle(&engine, turn.delivery, turn.cancellation, transaction).await;
        // Handlers that never wait would else keep the thread to themselves.
        tokio::task::consume_budget().await;
    }
}

async fn handle(
    engine: &Engine,
    delivery: Delivery,
    cancellation: CancellationToken,
    transaction: Option<HandlerTransaction>,
) -> Option<Following> {
    let started = Instant::now();
    let token = delivery.token;
    let (conclusion, following) = match engine.registry.find(&delivery.command_type) {
        Some(entry) if delivery.version() > entry.command.version => {
            (unknown(engine, &delivery, Unknown::Version(entry)), None)
        }
        Some(entry) => {
            let span = tracing::info_span!(
                telemetry::HANDLE,
                { field::DOMAIN } = %engine.domain,
                { field::COMMAND_ID } = %token.command_id,
                { field::COMMAND_TYPE } = %delivery.command_type,
                { field::CORRELATION_ID } = delivery.correlation_id.map(tracing::field::display),
                { field::ATTEMPT } = delivery.attempt,
                { field::MAX_ATTEMPTS } = delivery.max_attempts,
            );
            Execution::new(engine, entry, delivery, cancellation).run(transaction).instrument(span).await
        }
        None => (unknown(engine, &delivery, Unknown::Type), None),
    };
    let ours = engine.hand.end(token, started.elapsed());
    match conclusion {
        Conclusion::Settle(verdict) if ours => engine.outbox.put([Settlement { token, verdict }]),
        // Counted and warned about when its lease was lost.
        Conclusion::Settle(_) => {}
        Conclusion::Settled(verdict, answer) => {
            settling::note(engine, &Settlement { token, verdict }, answer);
            engine.hand.release([token]);
        }
    }
    following
}

/// What no handler of this worker takes; a newer worker may.
enum Unknown<'a> {
    Type,
    /// Newer than that of the handler.
    Version(&'a HandlerEntry<Callable>),
}

/// A delivery that no handler takes.
fn unknown(engine: &Engine, delivery: &Delivery, what: Unknown<'_>) -> Conclusion {
    let Delivery { command_type, attempt, max_attempts, .. } = delivery;
    let (reason, failure) = match what {
        Unknown::Type => {
            let message = format!("no handler of this worker takes commands of type `{command_type}`");
            (ParkReason::Permanent, Failure::permanent("UNKNOWN_COMMAND_TYPE", message))
        }
        Unknown::Version(entry) => {
            let message = ReadError::unknown_version(entry.command, delivery.version()).to_string();
            (ParkReason::Undecodable, Failure::permanent("UNDECODABLE", message))
        }
    };
    let mut warned = engine.unknown_types.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.insert(failure.message.clone()) {
        tracing::warn!(
            { field::DOMAIN } = %engine.domain, { field::COMMAND_TYPE } = %command_type, error = %failure.message,
            "no handler of this worker takes this command; it may come from a newer sender",
        );
    }
    let terms = Terms {
        attempt: *attempt,
        max_attempts: *max_attempts,
        backoff: Backoff::DEFAULT,
        keeps_reply: false,
        unknown_types: engine.settings.unknown_types,
        jitter: 0.0,
    };
    Conclusion::Settle(settlement::decide(Ending::Unknown { reason, failure }, &terms))
}

/// The call of one handler for one delivery.
#[derive(Debug)]
pub(super) struct Execution<'a> {
    pub(super) engine: &'a Engine,
    pub(super) entry: &'a HandlerEntry<Callable>,
    pub(super) context: Context,
    cancellation: CancellationToken,
}

impl<'a> Execution<'a> {
    fn new(
        engine: &'a Engine,
        entry: &'a HandlerEntry<Callable>,
        delivery: Delivery,
        cancellation: CancellationToken,
    ) -> Self {
        let inner = context::Inner {
            bus: engine.bus.clone(),
            delivery,
            resources: engine.resources.clone(),
            cancellation: cancellation.clone(),
            transaction: TxSlot::default(),
        };
        Self { engine, entry, context: Context { inner: inner.into() }, cancellation }
    }

    async fn run(self, transaction: Option<HandlerTransaction>) -> (Conclusion, Option<Following>) {
        let postgres = self.engine.store().as_postgres().filter(|_| self.entry.is_transactional());
        match postgres {
            // Boxed: most calls are not of this kind, and need not carry its room with them.
            Some(store) => Box::pin(transactional::run(&self, store, transaction)).await,
            None => {
                let ending = self.call().await;
                (Conclusion::Settle(self.decide(ending)), None)
            }
        }
    }

    pub(super) fn delivery(&self) -> &Delivery {
        &self.context.inner.delivery
    }

    /// Calls the handler, for as long as it may run, and catches its panic.
    pub(super) async fn call(&self) -> Ending {
        let started = Instant::now();
        let limit = self.entry.command.timeout;
        let invocation = Invocation { context: self.context.clone() };
        // Everything of the user's, from the making of the future to its drop, happens inside of what catches panics.
        let guarded = AssertUnwindSafe(async {
            tokio::select! {
                biased;
                outcome = async { self.entry.call(invocation).await } => Ending::Returned(outcome),
                limit = elapsed(limit) => Ending::TimedOut(limit),
                () = self.given_up() => Ending::Interrupted { after: Duration::ZERO },
            }
        });
        let ending = guarded.catch_unwind().await.unwrap_or_else(|panic| Ending::Panicked(words_of(&*panic)));
        histogram!(
            metric::HANDLER_SECONDS,
            "domain" => self.engine.domain.to_string(), "command_type" => self.entry.command.name
        )
        .record(started.elapsed());
        match ending {
            // It was told to stop, so that it did not succeed is no failure of its own.
            Ending::Returned(Outcome::Failed(failure))
                if failure.kind == FailureKind::Transient && self.cancellation.is_cancelled() =>
            {
                Ending::Interrupted { after: Duration::ZERO }
            }
            Ending::TimedOut(_) => {
                // For tasks of its own that it left behind.
                self.cancellation.cancel();
                ending
            }
            other => other,
        }
    }

    /// Decides what to record, and logs what went wrong.
    pub(super) fn decide(&self, ending: Ending) -> Verdict {
        let terms = Terms {
            attempt: self.delivery().attempt,
            max_attempts: self.delivery().max_attempts,
            backoff: self.entry.command.backoff(),
            // That of a step goes to its process, and nobody else waits for it.
            keeps_reply: self.entry.command.keeps_reply && !self.delivery().is_step(),
            unknown_types: self.engine.settings.unknown_types,
            jitter: rand::random_range(-1.0..=1.0),
        };
        let verdict = settlement::decide(ending, &terms);
        match &verdict {
            Verdict::Retry { failure, after } => tracing::warn!(
                { field::ERROR_CODE } = %failure.code, error = %failure.message, retry_in = ?after, "the attempt failed",
            ),
            Verdict::Park { failure, reason } => tracing::error!(
                { field::ERROR_CODE } = %failure.code, error = %failure.message, { field::REASON } = reason.as_str(),
                "the command failed",
            ),
            Verdict::Fail { failure, .. } => tracing::info!(
                { field::ERROR_CODE } = %failure.code, error = %failure.message, "a business rule refused the command",
            ),
            Verdict::Complete { .. } | Verdict::GiveBack { .. } => {}
        }
        verdict
    }

    async fn given_up(&self) {
        self.cancellation.cancelled().await;
        tokio::time::sleep(COURTESY).await;
    }
}

/// Returns when the limit is reached; never without one.
async fn elapsed(limit: Option<Duration>) -> Duration {
    match limit {
        Some(limit) => {
            tokio::time::sleep(limit).await;
            limit
        }
        None => std::future::pending().await,
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the handler panicked with a value that is no text".to_owned())
}
