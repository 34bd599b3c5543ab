//! Everything that can die dies: worker processes, the server, connections. Nothing is lost or doubled.
//!
//! The ordinary run is a short one. The long one:
//!
//! ```sh
//! COMMANDBUS_KILLS=200 COMMANDBUS_COMMANDS=20000 COMMANDBUS_PROCESSES=2000 COMMANDBUS_CRASHES=10 \
//!     cargo test --package commandbus-tests --test chaos -- --nocapture
//! ```
//!
//! `COMMANDBUS_SEED` repeats the order of the faults and what they hit, as far as processes and their timing allow.

mod account;
mod faults;
#[path = "../../src/bin/chaos_worker/work.rs"]
mod work;
mod workers;

use std::{
    env,
    time::{Duration, Instant},
};

use commandbus::{
    bus::SendError,
    embedded::EmbeddedPostgres,
    message::{CommandId, Domain},
    prelude::*,
    store::{ParkedFilter, postgres::with_release_check},
};
use commandbus_tests::{Proxy, Server, report};
use rand::{SeedableRng, rngs::StdRng};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::time::sleep;

use self::{
    account::Account,
    faults::{Fault, schedule},
    work::{Book, Close, Note, Trip},
    workers::Workers,
};

static CHAOS: Domain = Domain::from_static("chaos");

/// How many commands a batch has.
const IN_BATCH: usize = 100;

/// Of how many commands one is sent alone, while everything dies.
const ALONE: usize = 10;

/// When nothing has ended for so long, nothing will.
const PATIENCE: Duration = Duration::from_secs(30);

#[batch(Book, Note)]
struct Round;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) kills: usize,
    pub(crate) crashes: usize,
    pub(crate) cuts: usize,
    pub(crate) stalls: usize,
    commands: usize,
    processes: usize,
}

fn setting(name: &str, otherwise: usize) -> usize {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

impl Size {
    fn from_env() -> Self {
        let crashes = setting("COMMANDBUS_CRASHES", 2);
        Self {
            kills: setting("COMMANDBUS_KILLS", 20),
            crashes,
            cuts: setting("COMMANDBUS_CUTS", crashes * 3),
            stalls: setting("COMMANDBUS_STALLS", crashes * 3),
            commands: setting("COMMANDBUS_COMMANDS", 1_000),
            processes: setting("COMMANDBUS_PROCESSES", 100),
        }
    }
}

fn pool(url: &str) -> PgPool {
    let options = PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(3));
    with_release_check(options).connect_lazy(url).unwrap()
}

/// Batches with callbacks, and a batch of processes.
async fn send_batches(bus: &Bus, size: Size) {
    let numbers: Vec<u32> = (0..(size.commands - size.commands / ALONE) as u32).collect();
    for batch in numbers.chunks(IN_BATCH) {
        let (even, odd): (Vec<u32>, Vec<u32>) = batch.iter().partition(|number| *number % 2 == 0);
        let books = even.into_iter().map(|number| Book { number });
        let notes = odd.into_iter().map(|number| Note { number });
        Round::batch("Chaos").extend(books).extend(notes).then(Close {}).send(bus).await.unwrap();
    }
    if size.processes > 0 {
        let trips = Trip::batch("Trips").extend((0..size.processes as u32).map(|number| Trip { number }));
        trips.start(bus).await.unwrap();
    }
}

/// Sends commands one by one through the proxy until each is known to be there, however often that takes.
async fn send_alone(bus: Bus, count: usize) {
    for number in 0..count as u32 {
        let id = CommandId::new();
        loop {
            match tokio::time::timeout(Duration::from_secs(5), Book { number }.send(&bus).id(id)).await {
                Ok(Ok(_) | Err(SendError::DuplicateCommand { .. })) => break,
                // Not known; sent again, it is sent once.
                Ok(Err(_)) | Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

/// Strikes whenever another part of the work is done.
struct Chaos {
    server: Server,
    proxy: Proxy,
    workers: Workers,
    account: Account,
    recoveries: Vec<Duration>,
}

impl Chaos {
    async fn strike(&mut self, fault: Fault, random: &mut StdRng) {
        match fault {
            Fault::Kill => self.workers.kill_one(random),
            Fault::Cut => self.proxy.cut_some(random),
            Fault::Stall => self.proxy.stall_some(random),
            Fault::Crash => {
                self.server.kill().await;
                self.server.start_again().await;
                let began = Instant::now();
                let before = self.account.ended().await;
                self.until_ended(before + 1).await;
                self.recoveries.push(began.elapsed());
            }
        }
    }

    /// Waits until so many commands have ended.
    async fn until_ended(&mut self, count: i64) {
        let (mut last, mut since) = (-1, Instant::now());
        loop {
            let ended = self.account.ended().await;
            if ended >= count || self.account.is_over().await {
                return;
            }
            if ended != last {
                (last, since) = (ended, Instant::now());
            }
            if since.elapsed() > PATIENCE {
                panic!("nothing ends any more, {ended} have:\n{}", self.account.open().await);
            }
            self.workers.assert_alive();
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whatever_dies() {
    let size = Size::from_env();
    let seed = setting("COMMANDBUS_SEED", rand::random::<u32>() as usize) as u64;
    report(format_args!("seed {seed}, {size:?}"));
    let mut random = StdRng::seed_from_u64(seed);
    let server = Server::start(EmbeddedPostgres::builder()).await;
    let bus = Bus::new(pool(server.url()));
    bus.migrate().await.unwrap();
    let account = Account::open_on(pool(server.url())).await;
    send_batches(&bus, size).await;

    let began = Instant::now();
    let proxy = Proxy::start(server.socket()).await;
    let workers = Workers::start(proxy.url());
    let sender = tokio::spawn(send_alone(Bus::new(pool(proxy.url())), size.commands / ALONE));
    let mut chaos = Chaos { server, proxy, workers, account, recoveries: Vec::new() };
    let faults = schedule(size, &mut random);
    // Of a process at least the first step is done; with the others it takes longer, which is fair.
    let work = size.commands + 3 * size.processes;
    for (number, fault) in faults.iter().enumerate() {
        chaos.until_ended((work * number / (faults.len() + 1)) as i64).await;
        chaos.strike(*fault, &mut random).await;
        if number % 10 == 9 {
            chaos.account.check_rules().await;
        }
    }
    let last_fault = Instant::now();
    sender.await.unwrap();
    chaos.until_ended(i64::MAX).await;
    let recovered = last_fault.elapsed();
    chaos.account.check_rules().await;
    let parked = chaos.account.parked().await;

    // What is left to people, people do, until every batch is over.
    while !chaos.account.is_all_ended().await {
        let troubleshooting = bus.troubleshooting();
        let operator = troubleshooting.by("ann").because("after the storm");
        let begun = operator.complete_all(&ParkedFilter::in_domain(CHAOS.clone())).await.unwrap();
        bus.operations().run(begun.operation_id, |_| {}).await.unwrap();
        chaos.until_ended(i64::MAX).await;
    }
    chaos.account.check_rules().await;
    let Chaos { server, workers, account, recoveries, .. } = chaos;
    let killed = workers.stop();
    account.check_effects().await;
    report(format_args!(
        "{}\n{killed} workers killed, {} database crashes, {} connections cut, {} stalled; {parked} were parked\n\
         in {:.1?}; after a crash the next command ended within {:.1?} at most; everything was over {recovered:.1?} after \
         the last fault",
        account.summary().await,
        recoveries.len(),
        size.cuts,
        size.stalls,
        began.elapsed(),
        recoveries.iter().max().copied().unwrap_or_default(),
    ));
    drop((bus, account, server));
}
