//! The life of a worker, from the first look at its queue to its orderly end.

use std::{panic::resume_unwind, pin::pin, sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Companion, CompanionCall, WorkerError, WorkerPhase,
    engine::Engine,
    execution::COURTESY,
    folding,
    heartbeat::{self, Heart},
    intake, lease, settling,
};
use crate::{
    error::StoreError,
    store::{Delivery, Settlement, Verdict, Wake},
    telemetry::field,
};

/// How long a handler that was dropped may take to let go of what it held.
const LETTING_GO: Duration = Duration::from_secs(1);

/// Runs until `shutdown` completes, then ends in order.
pub(super) async fn run(engine: Arc<Engine>, shutdown: impl Future<Output = ()>) -> Result<(), WorkerError> {
    let _end = End(Arc::clone(&engine));
    let mut shutdown = pin!(shutdown);
    let heart = Heart::new();
    tokio::select! {
        biased;
        () = &mut shutdown => return Ok(()),
        ready = prepare(&engine, &heart) => ready?,
    }
    let mut intake = JoinSet::new();
    intake.spawn(intake::run(Arc::clone(&engine)));
    let mut upkeep = JoinSet::new();
    for _ in 0..settling::LANES {
        upkeep.spawn(settling::run(Arc::clone(&engine)));
    }
    upkeep.spawn(lease::run(Arc::clone(&engine)));
    upkeep.spawn(folding::run(Arc::clone(&engine)));
    upkeep.spawn(heartbeat::run(Arc::clone(&engine), heart));
    let mut companions = companions(&engine);

    engine.vitals.enter(WorkerPhase::Running);
    tracing::info!({ field::DOMAIN } = %engine.domain, concurrency = engine.settings.concurrency, "the worker runs");
    tokio::select! {
        () = &mut shutdown => {}
        () = ended(&mut intake) => {}
        () = ended(&mut upkeep) => {}
        () = ended(&mut companions), if !companions.is_empty() => {}
    }
    engine.vitals.enter(WorkerPhase::Stopping);
    tracing::info!({ field::DOMAIN } = %engine.domain, "the worker stops");
    wind_down(&engine, intake).await;
    ended(&mut companions).await;
    engine.stopped.cancel();
    ended(&mut upkeep).await;
    tracing::info!({ field::DOMAIN } = %engine.domain, "the worker has stopped");
    Ok(())
}

/// Starts what belongs to the domain and runs as long as the worker receives.
fn companions(engine: &Engine) -> JoinSet<()> {
    let mut companions = JoinSet::new();
    if engine.settings.companions {
        for companion in Companion::of(&engine.domain) {
            companions.spawn((companion.run)(CompanionCall {
                bus: engine.bus.clone(),
                domain: engine.domain.clone(),
                poll_interval: engine.settings.poll_interval,
                lease: engine.settings.lease,
                stop: engine.closing.clone(),
            }));
        }
    }
    companions
}

/// Makes sure that the queue is there, and that this program may work; waits for a database that is not there, since services
/// start in any order.
async fn prepare(engine: &Engine, heart: &Heart) -> Result<(), StoreError> {
    (|| engine.call("ensure_queues", engine.store().ensure_queues(&engine.domain, &[])))
        .retry(
            ExponentialBuilder::default()
                .with_min_delay(Duration::from_millis(200))
                .with_max_delay(Duration::from_secs(10))
                .with_jitter()
                .without_max_times(),
        )
        .when(StoreError::is_transient)
        .await?;
    // What comes from now on is heard of; what came before, the first look finds.
    engine.store().watch(&Wake::Queue(engine.domain.commands_queue()));
    // Of what workers alone may do this is the least. Any other failure is for the calls that matter.
    match engine.call("beat", heart.beat(engine)).await {
        Err(refused @ StoreError::NotPermitted { .. }) => Err(refused),
        _ => Ok(()),
    }
}

/// Lets what runs finish, gives back what does not, and settles everything.
async fn wind_down(engine: &Engine, mut intake: JoinSet<()>) {
    let mut grace = pin!(sleep(engine.settings.grace_period));
    engine.closing.cancel();
    give_back(engine, engine.hand.close());
    tokio::select! {
        () = ended(&mut intake) => {}
        () = &mut grace => intake.shutdown().await,
    }
    // What the last receives brought.
    give_back(engine, engine.hand.close());
    tokio::select! {
        () = engine.hand.until(|count| count.running == 0) => {}
        () = &mut grace => {
            tracing::warn!(
                { field::DOMAIN } = %engine.domain, { field::COUNT } = engine.hand.count().running,
                "the grace period is over; handlers that still run are canceled",
            );
            engine.interrupt.cancel();
            if timeout(COURTESY + LETTING_GO, engine.hand.until(|count| count.running == 0)).await.is_err() {
                tracing::warn!(
                    { field::DOMAIN } = %engine.domain, { field::COUNT } = engine.hand.count().running,
                    "handlers block their threads; their commands will be delivered again when their leases end",
                );
            }
        }
    }
    // Beyond a lease the outcomes are no longer protected by it.
    let written = |running| engine.hand.until(move |count| count.held <= running);
    if timeout(engine.settings.lease, written(engine.hand.count().running)).await.is_err() {
        engine.abandon.cancel();
    }
}

fn give_back(engine: &Engine, deliveries: Vec<Delivery>) {
    engine.outbox.put(
        deliveries
            .into_iter()
            .map(|delivery| Settlement { token: delivery.token, verdict: Verdict::GiveBack { after: Duration::ZERO } }),
    );
}

/// Returns when all of these tasks have; a panic of one of them, a mistake of ours, goes on here.
async fn ended(tasks: &mut JoinSet<()>) {
    while let Some(result) = tasks.join_next().await {
        if let Err(error) = result
            && error.is_panic()
        {
            resume_unwind(error.into_panic());
        }
    }
}

/// The end of a worker, orderly or because its future was dropped: then nothing more starts, what runs is canceled, and
/// the leases run out.
struct End(Arc<Engine>);

impl Drop for End {
    fn drop(&mut self) {
        let Self(engine) = self;
        drop(engine.hand.close());
        engine.closing.cancel();
        engine.interrupt.cancel();
        engine.stopped.cancel();
        engine.vitals.enter(WorkerPhase::Stopped);
    }
}
