//! Mixed work for a long time, as a service has it: memory, tables and latency find their level and keep it, and nothing is
//! lost.
//!
//! The ordinary run takes some seconds and looks only at what can be seen in them. The long one:
//!
//! ```sh
//! COMMANDBUS_SOAK_MINUTES=60 COMMANDBUS_SOAK_OUT=$PWD/soak.csv \
//!     cargo test --package commandbus-tests --test soak -- --nocapture
//! ```
//!
//! It writes what it sampled, and draws it beside as `soak.svg`. `COMMANDBUS_SOAK_RATE` is how many commands are sent a
//! second. `COMMANDBUS_SOAK_DRAW=$PWD/soak.csv` draws the samples of a run again.

mod ledger;
mod load;
mod plot;
mod record;
mod sampling;
mod upkeep;
mod verdicts;
#[path = "../../src/bin/soak_worker/work.rs"]
mod work;
mod worker;

use std::{env, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use commandbus::{bus::Bus, embedded::EmbeddedPostgres, store::postgres::with_release_check};
use commandbus_tests::{broken_rules, report};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::sync::watch;

use self::{ledger::Ledger, load::Tally, record::Record, sampling::Sampling, upkeep::Upkeep, worker::WorkerProcess};

/// Without being told: so short that every change may run it.
const A_MOMENT: Duration = Duration::from_secs(15);

/// From then on there is something to say about how it goes on: what is pruned has been, and autovacuum came by.
const LONG: Duration = Duration::from_secs(3 * 60);

fn setting<T: FromStr<Err: std::fmt::Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn pool(url: &str) -> PgPool {
    with_release_check(PgPoolOptions::new().max_connections(10)).connect_lazy(url).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_work_for_a_long_time_finds_its_level_and_loses_nothing() {
    let length = setting::<f64>("COMMANDBUS_SOAK_MINUTES").map_or(A_MOMENT, |it| Duration::from_secs_f64(it * 60.0));
    let rate: f64 = setting("COMMANDBUS_SOAK_RATE").unwrap_or(250.0);
    let folder = tempfile::tempdir().unwrap();
    let samples = setting::<PathBuf>("COMMANDBUS_SOAK_OUT").unwrap_or_else(|| folder.path().join("soak.csv"));

    let postgres = EmbeddedPostgres::start().await.unwrap();
    let bus = Bus::new(pool(postgres.url()));
    bus.migrate().await.unwrap();
    let ledger = Ledger::open_on(pool(postgres.url())).await;
    load::make_queues(&bus).await;
    let worker = WorkerProcess::start(postgres.url());
    let (over, is_over) = watch::channel(false);
    let tally = Arc::new(Tally::default());
    let sampling = Sampling {
        record: Record::create(&samples),
        interval: (length / 20).min(Duration::from_secs(10)),
        worker,
        ledger: ledger.clone(),
        tally: Arc::clone(&tally),
    };
    let sampling = tokio::spawn(sampling.run(is_over.clone()));
    let upkeep =
        Upkeep { bus: bus.clone(), ledger: ledger.clone(), retention: (length / 6).min(Duration::from_secs(60)) };
    let operating = tokio::spawn(upkeep.clone().operate(is_over.clone()));
    let pruning = tokio::spawn(upkeep.clone().prune(is_over));

    load::send(&bus, rate, length, &tally).await;
    ledger.until_all_ended().await;
    over.send(true).unwrap();
    operating.await.unwrap();
    let mut pruned = pruning.await.unwrap();
    let mut worker = sampling.await.unwrap();

    assert_eq!(broken_rules(ledger.pool(), &[]).await.unwrap(), Vec::<String>::new());
    ledger.check_effects().await;
    pruned += bus.prune(Duration::ZERO).share_of_time(1.0).run().await.unwrap();
    ledger.check_nothing_is_left().await;
    tally.check(&pruned);
    assert_eq!(ledger.deadlocks().await, 0);
    worker.assert_alive();

    report(format_args!("{} in {length:.0?}, at {rate} a second\n{}", tally.words(&pruned), verdicts::words(&samples)));
    if length >= LONG {
        verdicts::check(&samples);
    }
    let drawn = samples.with_extension("svg");
    plot::draw(&samples, &drawn);
    drop((worker, bus, ledger, postgres));
}
