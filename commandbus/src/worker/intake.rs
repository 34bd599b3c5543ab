//! Receives commands: as many as there is room for, when there may be any.

use std::{pin::Pin, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::{StreamExt, stream::FuturesUnordered};
use metrics::counter;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{engine::Engine, execution};
use crate::{
    error::StoreError,
    store::{Delivery, Received, Wake},
    telemetry::{field, metric},
};

/// The largest group received at once.
const GROUP: usize = 100;

/// How many receives may be under way; a second one covers the round trip of the first, and is worth it when there is more
/// than the first one takes.
const LANES: usize = 2;

type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Receives until the worker closes, then waits for what is under way, so that nothing received is left unattended.
pub(super) async fn run(engine: Arc<Engine>) {
    Intake::new(engine).run().await;
}

struct Intake {
    engine: Arc<Engine>,
    queue: String,
    wakes: Option<broadcast::Receiver<Wake>>,
    /// How many wake-ups came. A receive that finds less than it asked for says that the queue is empty only if none
    /// came while it was under way.
    woken: u64,
    /// How many of them had come when the last receive began.
    seen: u64,
    /// Whether the last receive that ended found all it asked for.
    full: bool,
    look: Look,
    pauses: ExponentialBackoff,
}

/// Whether to receive.
enum Look {
    /// There may be commands.
    Now,
    /// Nobody said that there are any: after a look whether it is worth it.
    Poll,
    /// The queue was found empty: on a wake-up, or when the poll is due.
    Empty(Pause),
    /// The store failed: when the pause ends, or when its connection is back.
    Failed(Pause),
}

impl Look {
    fn is_due(&self) -> bool {
        matches!(self, Self::Now | Self::Poll)
    }
}

struct Answer {
    asked: usize,
    woken: u64,
    received: Result<Received, StoreError>,
}

impl Intake {
    fn new(engine: Arc<Engine>) -> Self {
        let queue = engine.domain.commands_queue();
        let wakes = engine.store().wakes();
        Self { engine, queue, wakes: Some(wakes), woken: 0, seen: 0, full: false, look: Look::Now, pauses: pauses() }
    }

    async fn run(mut self) {
        let engine = Arc::clone(&self.engine);
        let mut stalled = engine.stalled.subscribe();
        let mut receives = FuturesUnordered::new();
        loop {
            // Also when a wake-up came together with the end, and was looked at first.
            let clear = *stalled.borrow_and_update() == 0 && !engine.closing.is_cancelled();
            while clear && self.look.is_due() && receives.len() < self.lanes() {
                let asked = engine.hand.reserve(GROUP, !receives.is_empty());
                if asked == 0 {
                    break;
                }
                self.seen = self.woken;
                let poll = matches!(self.look, Look::Poll);
                receives.push(receive(&engine, asked, self.woken, poll));
            }
            tokio::select! {
                () = engine.closing.cancelled() => break,
                Some(answer) = receives.next() => self.take(answer),
                () = engine.hand.room() => {}
                _ = stalled.changed() => {}
                wake = next_wake(&mut self.wakes) => self.wake(wake.as_ref()),
                look = pause_of(&mut self.look) => self.look = look,
            }
        }
        while let Some(answer) = receives.next().await {
            self.take(answer);
        }
    }

    /// One that finds an empty queue is enough, and a second one is for what came after it had looked.
    fn lanes(&self) -> usize {
        if self.full || self.woken != self.seen { LANES } else { 1 }
    }

    fn take(&mut self, Answer { asked, woken, received }: Answer) {
        let engine = &self.engine;
        let received = match received {
            Ok(received) => received,
            Err(_) => {
                self.admit(asked, Vec::new());
                self.look = Look::Failed(Box::pin(tokio::time::sleep(self.pauses.next().unwrap_or_default())));
                return;
            }
        };
        self.pauses = pauses();
        engine.vitals.received();
        report(engine, &received);
        let found = received.deliveries.len() + received.parked.len() + received.strays.len() + received.held;
        self.admit(asked, received.deliveries);
        self.full = found >= asked;
        if self.full || woken != self.woken {
            self.look = Look::Now;
        } else if self.look.is_due() {
            // Jitter, so that workers started together do not ask together.
            let pause = engine.settings.poll_interval.mul_f64(rand::random_range(0.8..1.2));
            let store = Arc::clone(engine.bus.store());
            self.look = Look::Empty(Box::pin(async move { store.sleep(pause).await }));
        }
    }

    fn admit(&self, reserved: usize, deliveries: Vec<Delivery>) {
        if self.engine.hand.admit(reserved, deliveries) {
            execution::start_runner(Arc::clone(&self.engine));
        }
    }

    /// `None`: some wake-ups were lost.
    fn wake(&mut self, wake: Option<&Wake>) {
        let concerns_us = match wake {
            Some(Wake::Queue(queue)) => *queue == self.queue && !matches!(self.look, Look::Failed(_)),
            Some(Wake::Resync) => true,
            None => !matches!(self.look, Look::Failed(_)),
            Some(_) => false,
        };
        if concerns_us {
            self.woken += 1;
            self.look = Look::Now;
        }
    }
}

/// The pauses between attempts to receive from a store that fails.
pub(crate) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times()
        .build()
}

async fn receive(engine: &Engine, asked: usize, woken: u64, poll: bool) -> Answer {
    let receiving = async {
        if poll && !engine.store().may_have_work(&engine.domain).await {
            return Ok(Received::default());
        }
        engine.store().receive(&engine.domain, asked, engine.settings.lease).await
    };
    Answer { asked, woken, received: engine.call("receive", receiving).await }
}

/// What to do when the pause ends.
async fn pause_of(look: &mut Look) -> Look {
    match look {
        Look::Now | Look::Poll => std::future::pending().await,
        Look::Empty(pause) => {
            pause.await;
            Look::Poll
        }
        Look::Failed(pause) => {
            pause.await;
            Look::Now
        }
    }
}

/// The next wake-up; `None` when some were lost. Without a sender left, polling remains.
pub(crate) async fn next_wake(wakes: &mut Option<broadcast::Receiver<Wake>>) -> Option<Wake> {
    if let Some(receiver) = wakes {
        match receiver.recv().await {
            Ok(wake) => return Some(wake),
            Err(RecvError::Lagged(_)) => return None,
            Err(RecvError::Closed) => *wakes = None,
        }
    }
    std::future::pending().await
}

/// Counts what came, and says what should not have.
fn report(engine: &Engine, received: &Received) {
    let domain = || engine.domain.to_string();
    if !received.deliveries.is_empty() {
        counter!(metric::RECEIVED, "domain" => domain()).increment(received.deliveries.len() as u64);
    }
    for command_id in &received.parked {
        counter!(metric::PARKED, "domain" => domain(), "reason" => "UNSETTLED").increment(1);
        tracing::warn!(
            { field::DOMAIN } = %engine.domain, { field::COMMAND_ID } = %command_id, { field::REASON } = "UNSETTLED",
            "the command waits in troubleshooting: its last attempt was never settled, so its worker may have died on it",
        );
    }
    for stray in &received.strays {
        counter!(metric::STRAYS, "domain" => domain(), "reason" => stray.reason.as_str()).increment(1);
        tracing::warn!(
            { field::DOMAIN } = %engine.domain, { field::MESSAGE_ID } = stray.msg_id,
            { field::REASON } = stray.reason.as_str(), "no command waits for this message; it was archived",
        );
    }
}
