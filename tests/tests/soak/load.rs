//! What is sent: of everything something, at an even pace.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use commandbus::{prelude::*, store::Pruned};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::work::{Ask, Book, Close, Moment, Note, Serve, Trip};

const IN_BATCH: u64 = 20;

/// So many may be on their way at once; then the pace slackens.
const UNDER_WAY: usize = 200;

const CUSTOMERS: u32 = 40;

#[batch(Note, Book)]
struct Round;

/// What was sent, and how long replies took since somebody asked last.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    alone: AtomicU64,
    batches: AtomicU64,
    trips: AtomicU64,
    replies: Mutex<Vec<Duration>>,
}

impl Tally {
    /// Without those that processes send.
    pub(crate) fn commands(&self) -> u64 {
        self.alone.load(Ordering::Relaxed) + self.batches.load(Ordering::Relaxed) * (IN_BATCH + 1)
    }

    pub(crate) fn trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }

    pub(crate) fn take_replies(&self) -> Vec<Duration> {
        mem::take(&mut self.replies.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that was ever there is gone now: so much as was sent, and each once.
    pub(crate) fn check(&self, gone: &Pruned) {
        assert_eq!(gone.commands, self.commands() + gone.process_steps, "commands");
        assert_eq!(gone.batches, self.batches.load(Ordering::Relaxed), "batches");
        assert_eq!(gone.processes, self.trips(), "processes");
    }

    pub(crate) fn words(&self, gone: &Pruned) -> String {
        let batches = self.batches.load(Ordering::Relaxed);
        format!(
            "{} commands, {batches} batches, {} processes, {} entries of the audit trail; nothing of it lost or doubled",
            gone.commands,
            self.trips(),
            gone.audit_events
        )
    }
}

pub(crate) async fn make_queues(bus: &Bus) {
    for domain in ["soak", "soak_trips"] {
        let domain = commandbus::message::Domain::new(domain).unwrap();
        bus.store().ensure_queues(&domain, &[domain.process_replies_queue()]).await.unwrap();
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Note,
    Later,
    Book,
    Ask,
    Serve,
    Round,
    Trip,
}

/// Sends so many commands a second for so long, and returns when all answers are there.
pub(crate) async fn send(bus: &Bus, rate: f64, length: Duration, tally: &Arc<Tally>) {
    // Of which kind so many of a hundred commands are, and how many commands one of it is.
    let shares = [
        (Kind::Note, 45.0, 1),
        (Kind::Later, 5.0, 1),
        (Kind::Book, 15.0, 1),
        (Kind::Ask, 10.0, 1),
        (Kind::Serve, 5.0, 1),
        (Kind::Round, 15.0, IN_BATCH + 1),
        (Kind::Trip, 5.0, 4),
    ];
    let end = Instant::now() + length;
    let mut kinds = JoinSet::new();
    for (kind, share, size) in shares {
        let pause = Duration::from_secs_f64(size as f64 * 100.0 / (rate * share));
        kinds.spawn(send_kind(bus.clone(), kind, pause, end, Arc::clone(tally)));
    }
    while let Some(sent) = kinds.join_next().await {
        sent.unwrap();
    }
}

async fn send_kind(bus: Bus, kind: Kind, pause: Duration, end: Instant, tally: Arc<Tally>) {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    let mut sends = JoinSet::new();
    while Instant::now() < end {
        ticks.tick().await;
        let place = Arc::clone(&room).acquire_owned().await.unwrap();
        let (bus, tally) = (bus.clone(), Arc::clone(&tally));
        sends.spawn(async move {
            send_one(&bus, kind, &tally).await;
            drop(place);
        });
        while let Some(sent) = sends.try_join_next() {
            sent.unwrap();
        }
    }
    while let Some(sent) = sends.join_next().await {
        sent.unwrap();
    }
}

async fn send_one(bus: &Bus, kind: Kind, tally: &Tally) {
    let sent = Some(Moment::now());
    match kind {
        Kind::Note => drop(Note { sent }.send(bus).await.unwrap()),
        Kind::Later => {
            let delay = Duration::from_millis(rand::random_range(500..5_000));
            Note { sent: None }.send(bus).delay(delay).await.unwrap();
        }
        Kind::Book => drop(Book { sent }.send(bus).await.unwrap()),
        Kind::Ask => ask(bus, tally).await,
        Kind::Serve => drop(Serve { customer: rand::random_range(0..CUSTOMERS) }.send(bus).await.unwrap()),
        Kind::Round => {
            let half = IN_BATCH as usize / 2;
            let notes = (0..half).map(|_| Note { sent: None });
            let books = (0..half).map(|_| Book { sent: None });
            Round::batch("Soak").extend(notes).extend(books).then(Close {}).send(bus).await.unwrap();
            tally.batches.fetch_add(1, Ordering::Relaxed);
            return;
        }
        Kind::Trip => {
            Trip {}.start(bus).await.unwrap();
            tally.trips.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
    tally.alone.fetch_add(1, Ordering::Relaxed);
}

/// Sends, and waits for the answer, which must be its own.
async fn ask(bus: &Bus, tally: &Tally) {
    let (number, asked) = (rand::random::<u32>().into(), Moment::now());
    let sent = Ask { number }.send(bus).await.unwrap();
    assert_eq!(sent.reply().timeout(Duration::from_secs(60)).await.unwrap(), number);
    tally.replies.lock().unwrap_or_else(PoisonError::into_inner).push(asked.elapsed());
}
