//! Eight workers, two routers, four operators and a sender at once, and somebody who looks all the while whether a rule is
//! broken: between any two commits none is, and nobody waits for anybody in a circle.

use std::time::Duration;

use commandbus::{
    handlers,
    message::{BatchId, CommandId, Domain},
    ops::OpsError,
    prelude::*,
    process::Router,
    store::{Page, ParkedFilter, Store},
};
use commandbus_tests::{broken_rules, report};
use futures_util::future::join_all;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{sync::watch, time::sleep};
use uuid::Uuid;

use super::assert_no_deadlock;
use crate::{
    house::AtWork,
    processes::hall::Routing,
    support::{Bench, column},
    time::until,
};

static RUSH: Domain = Domain::from_static("rush");

const BATCHES: u32 = 20;
const IN_BATCH: u32 = 80;
const ALONE: u32 = 200;
const TRIPS: u32 = 60;

#[command(domain = "rush", max_attempts = 4, backoff = "1ms")]
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Errand {
    number: u32,
}

/// What writes in the transaction that settles it.
#[command(domain = "rush", max_attempts = 4, backoff = "1ms")]
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Booking {
    number: u32,
}

#[command(domain = "rush")]
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Closing {}

#[batch(Errand, Booking)]
struct Round;

#[derive(Debug, Serialize, Deserialize)]
struct Trip {
    number: u32,
}

#[process(domain = "rush_trips", steps = [outward, (stay, meal), home])]
impl Trip {
    fn outward(&self) -> Booking {
        Booking { number: self.number }
    }

    #[undo(outward)]
    fn stay_here(&self) -> Booking {
        Booking { number: self.number }
    }

    fn stay(&self) -> Errand {
        Errand { number: self.number }
    }

    #[undo(stay)]
    fn check_out(&self) -> Errand {
        Errand { number: self.number }
    }

    fn meal(&self) -> Booking {
        Booking { number: self.number }
    }

    fn home(&self) -> Errand {
        Errand { number: self.number }
    }
}

fn fate() -> Result<(), Failure> {
    match rand::random_range(0..100) {
        0..10 => Err(Failure::transient("BUSY", "not now")),
        10..14 => Err(Failure::permanent("BROKEN", "it will not do")),
        14..17 => Err(Failure::business_rule("CLOSED", "it may not be")),
        _ => Ok(()),
    }
}

#[handler]
async fn run_errand(_: Errand) -> Result<(), Failure> {
    fate()
}

#[handler]
async fn book(_: Booking, at: Context, mut tx: Tx) -> Result<(), anyhow::Error> {
    sqlx::query("insert into booked values ($1)").bind(at.command_id().as_uuid()).execute(&mut *tx).await?;
    Ok(fate()?)
}

#[handler]
async fn close(_: Closing) {}

/// Few connections, because there are many like it.
async fn pool(bench: &Bench) -> PgPool {
    PgPoolOptions::new().max_connections(3).connect(bench.database.url()).await.unwrap()
}

async fn work(bench: &Bench) -> AtWork {
    let bus = Bus::new(pool(bench).await);
    let worker = Worker::new(&bus, "rush").handlers(handlers![run_errand, book, close]);
    AtWork::start(worker.concurrency(10).lease(Duration::from_secs(2)).poll_interval(Duration::from_millis(100)))
}

/// Every verb there is, on whatever there is, until everything has ended.
async fn operate(bench: &Bench, bus: &Bus, batches: &[BatchId], over: watch::Receiver<bool>) {
    let troubleshooting = bus.troubleshooting();
    let operator = troubleshooting.by("ann").because("ticket 7");
    while !*over.borrow() {
        let found = troubleshooting.list(&ParkedFilter::in_domain(RUSH.clone()), Page::first(20)).await.unwrap();
        for parked in found {
            let id = parked.command_id;
            let done = match rand::random_range(0..4) {
                0 => operator.cancel(&RUSH, id, "not needed").await,
                1 => operator.complete(&RUSH, id).await,
                2 => operator.retry_edited_untyped(&RUSH, id, &serde_json::json!({ "number": 0 })).await,
                _ => operator.retry(&RUSH, id).await,
            };
            // Another operator was faster.
            assert!(matches!(done, Ok(()) | Err(OpsError::NotParked { .. })), "{done:?}");
        }
        match rand::random_range(0..8) {
            0 => {
                let broken = ParkedFilter::in_domain(RUSH.clone()).with_code("BROKEN");
                let begun = operator.retry_all(&broken).await.unwrap();
                bus.operations().run(begun.operation_id, |_| {}).await.unwrap();
            }
            1 => {
                let batch = batches[rand::random_range(0..batches.len())];
                bench.store.set_paused(&RUSH, Some(batch), true, "olivia", None).await.unwrap();
                bench.store.set_paused(&RUSH, Some(batch), false, "olivia", None).await.unwrap();
            }
            2 => {
                let batch = batches[rand::random_range(0..2)];
                bench.store.cancel_rest(&RUSH, batch, "ann", "not needed").await.unwrap();
            }
            3 => {
                let some = "select command_id from commandbus.command where domain = 'rush' and status = 'PENDING'
                            order by random() limit 3";
                let ids: Vec<Uuid> = column(&bench.pool, some).await;
                let ids: Vec<CommandId> = ids.into_iter().map(CommandId::from_uuid).collect();
                bench.store.cancel(&RUSH, &ids, "ann", "not needed").await.unwrap();
            }
            _ => sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Looks at one snapshot after the other.
async fn look(pool: &PgPool, over: watch::Receiver<bool>) -> usize {
    let mut looks = 0;
    while !*over.borrow() {
        assert_eq!(broken_rules(pool, &[]).await.unwrap(), Vec::<String>::new());
        looks += 1;
        sleep(Duration::from_millis(50)).await;
    }
    looks
}

async fn everything_ended(bench: &Bench) -> bool {
    bench
        .ask(
            "select (select count(*) from commandbus.command
                     where status in ('PENDING', 'IN_PROGRESS', 'IN_TROUBLESHOOTING_QUEUE')) = 0
                and (select count(*) from commandbus.process
                     where status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED')) = 0
                and (select count(*) from commandbus.batch where completed_at is null) = 0",
        )
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_and_four_operators_break_no_rule_and_no_lock() {
    let bench = Bench::new().await;
    bench.run("create table booked (command_id uuid not null)").await;
    let bus = Bus::new(pool(&bench).await);
    let mut batches = Vec::new();
    for batch in 0..BATCHES {
        let numbers = batch * IN_BATCH..(batch + 1) * IN_BATCH;
        let (even, odd): (Vec<u32>, Vec<u32>) = numbers.partition(|number| number % 2 == 0);
        let errands = even.into_iter().map(|number| Errand { number });
        let bookings = odd.into_iter().map(|number| Booking { number });
        let batch = Round::batch("Rush").extend(errands).extend(bookings).then(Closing {}).send(&bus).await.unwrap();
        batches.push(batch.id());
    }
    let trips = Trip::batch("Trips").extend((0..TRIPS).map(|number| Trip { number }));
    trips.start(&bus).await.unwrap();

    let (ended, over) = watch::channel(false);
    let workers = join_all((0..8).map(|_| work(&bench))).await;
    let router = || Router::new(&bus, "rush_trips").unwrap().lease(Duration::from_secs(2));
    let routers = [router(), router()].map(Routing::start);
    let sends = async {
        for number in 0..ALONE {
            Errand { number }.send(&bus).await.unwrap();
        }
        until(async || everything_ended(&bench).await).await;
        ended.send(true).unwrap();
    };
    let operators = join_all((0..4).map(|_| operate(&bench, &bus, &batches, over.clone())));
    let (looks, _, ()) = tokio::join!(look(&bench.pool, over.clone()), operators, sends);

    for routing in routers {
        routing.stop().await;
    }
    join_all(workers.into_iter().map(AtWork::stop)).await;
    assert_eq!(broken_rules(&bench.pool, &[]).await.unwrap(), Vec::<String>::new());
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.batch_delta").await, 0);
    let unequal = "select count(*) from (
            select command_id from booked group by command_id having count(*) > 1
            union all
            (select command_id from booked except
             select command_id from commandbus.audit where event_type = 'COMPLETED')
            union all
            (select a.command_id from commandbus.audit a join commandbus.command c using (domain, command_id)
             where a.event_type = 'COMPLETED' and c.command_type = 'Booking' except select command_id from booked)) as u";
    assert_eq!(bench.ask::<i64>(unequal).await, 0, "each booking that was completed, and no other, booked once");
    let commands: i64 = bench.ask("select count(*) from commandbus.command").await;
    report(format_args!("{commands} commands, {looks} looks at the rules while they ran"));
    drop(bus);
    assert_no_deadlock(bench, []).await;
}
