//! Groups of commands under everything at once: workers, failures, operators, cancels, senders, and workers that die.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use commandbus::{
    handlers,
    message::{CommandId, Domain, group::HEADER},
    prelude::*,
    store::{NewCommand, Page, ParkedFilter, Settled, Settlement, Store},
};
use futures_util::future::{join_all, try_join_all};
use tokio::task::yield_now;
use uuid::Uuid;

use super::assert_no_deadlock;
use crate::{
    house::AtWork,
    support::{Bench, LEASE, PAYMENTS, assert_groups_are_sound, column, complete, debit, new_batch},
    time::until,
};

static TALLIES: Domain = Domain::from_static("tallies");
const GROUPS: u32 = 200;
const IN_BATCH: u32 = 10;
const SENT_LATER: u32 = 3;
const WITHOUT: u32 = 500;

#[command(domain = "tallies", group_by = group, max_attempts = 4, backoff = "1ms")]
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    group: Option<u32>,
    place: u32,
}

#[handler]
async fn enter(entry: Entry, State(tally): State<Tally>) -> Result<(), Failure> {
    let _turn = tally.begin(&entry);
    for _ in 0..rand::random_range(0..20) {
        yield_now().await;
    }
    match rand::random_range(0..100) {
        0..15 => Err(Failure::transient("BUSY", "the tally is busy")),
        15..18 => Err(Failure::permanent("SMUDGED", "the tally cannot be read")),
        18..20 => Err(Failure::business_rule("CLOSED", "the tally is closed")),
        _ => Ok(()),
    }
}

/// What handlers see of each other.
#[derive(Clone, Default)]
struct Tally(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    began: usize,
    running: HashSet<u32>,
    last: HashMap<u32, u32>,
    faults: Vec<String>,
}

/// Ends with the handler, also with one that is dropped half-way.
struct Turn(Tally, Option<u32>);

impl Tally {
    fn begin(&self, Entry { group, place }: &Entry) -> Turn {
        let mut seen = self.0.lock().unwrap();
        seen.began += 1;
        let Some(group) = *group else { return Turn(self.clone(), None) };
        if !seen.running.insert(group) {
            seen.faults.push(format!("{place} of {group} runs beside another"));
        }
        if let Some(last) = seen.last.insert(group, *place).filter(|last| last > place) {
            seen.faults.push(format!("{place} of {group} runs after {last}"));
        }
        Turn(self.clone(), Some(group))
    }

    fn began(&self) -> usize {
        self.0.lock().unwrap().began
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(group) = self.1 {
            self.0.0.lock().unwrap().running.remove(&group);
        }
    }
}

async fn work(bench: &Bench, tally: &Tally) -> AtWork {
    let bus = Bus::new(bench.database.pool().await);
    let worker = Worker::new(&bus, "tallies").handlers(handlers![enter]).provide(tally.clone());
    AtWork::start(worker.concurrency(20).lease(Duration::from_secs(2)))
}

/// Workers die and others take their places.
async fn deaths(bench: &Bench, tally: &Tally, mut workers: Vec<AtWork>) -> Vec<AtWork> {
    for death in 1..=6 {
        until(async || tally.began() >= death * 300).await;
        workers.remove(0).crash().await;
        workers.push(work(bench, tally).await);
    }
    workers
}

/// Sends more into every group, one after the other within each.
async fn sends(bus: &Bus) {
    let send = async |group| {
        for place in IN_BATCH..IN_BATCH + SENT_LATER {
            Entry { group: Some(group), place }.send(bus).await?;
        }
        Ok::<_, commandbus::bus::SendError>(())
    };
    try_join_all((0..GROUPS).map(send)).await.unwrap();
}

async fn cancels(bench: &Bench) {
    for _ in 0..40 {
        let waiting: Vec<Uuid> = column(
            &bench.pool,
            "select command_id from commandbus.command where domain = 'tallies' and status = 'PENDING'
             order by random() limit 5",
        )
        .await;
        let ids: Vec<CommandId> = waiting.into_iter().map(CommandId::from_uuid).collect();
        bench.store.cancel(&TALLIES, &ids, "ann", "not needed").await.unwrap();
    }
}

/// Resolves what is parked until everything has ended.
async fn operate(bench: &Bench, bus: &Bus) {
    let troubleshooting = bus.troubleshooting();
    until(async || {
        let filter = ParkedFilter::in_domain(TALLIES.clone());
        for parked in troubleshooting.list(&filter, Page::first(50)).await.unwrap() {
            let operator = troubleshooting.by("ann").because("ticket 7");
            let id = parked.command_id;
            match rand::random_range(0..3) {
                0 => operator.cancel(&TALLIES, id, "not needed").await,
                1 => operator.complete(&TALLIES, id).await,
                _ => operator.retry(&TALLIES, id).await,
            }
            .unwrap();
        }
        bench
            .ask::<bool>(
                "select not exists (select from commandbus.command where domain = 'tallies'
                                    and status in ('PENDING', 'IN_PROGRESS', 'IN_TROUBLESHOOTING_QUEUE'))
                        and (select count(*) from commandbus.command where domain = 'tallies') = 3100",
            )
            .await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_keep_their_order_whatever_happens() {
    assert_eq!(GROUPS * (IN_BATCH + SENT_LATER) + WITHOUT, 3100);
    let bench = Bench::new().await;
    let bus = Bus::new(bench.database.pool().await);
    let entries = (0..IN_BATCH).flat_map(|place| (0..GROUPS).map(move |group| Entry { group: Some(group), place }));
    let without = (0..WITHOUT).map(|place| Entry { group: None, place });
    Entry::batch("Tallies").extend(entries).extend(without).send(&bus).await.unwrap();
    let tally = Tally::default();
    let workers = join_all((0..4).map(|_| work(&bench, &tally))).await;

    let (workers, (), (), ()) =
        tokio::join!(deaths(&bench, &tally, workers), sends(&bus), cancels(&bench), operate(&bench, &bus));

    join_all(workers.into_iter().map(AtWork::stop)).await;
    assert_eq!(tally.0.lock().unwrap().faults, Vec::<String>::new());
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.grouped_command").await, 0);
    assert_groups_are_sound(&bench.pool, &TALLIES).await;
    drop(bus);
    assert_no_deadlock(bench, []).await;
}

fn grouped(key: u32) -> NewCommand {
    let headers = [(HEADER.to_owned(), key.into())].into_iter().collect();
    NewCommand { headers: Some(headers), ..debit(3) }
}

async fn receive_and_complete(bench: &Bench, store: &impl Store) -> usize {
    let deliveries = store.receive(&PAYMENTS, 1000, LEASE).await.unwrap().deliveries;
    let group: Vec<Settlement> =
        deliveries.iter().map(|delivery| Settlement { token: delivery.token, verdict: complete() }).collect();
    let settled = store.settle(&PAYMENTS, &group).await.unwrap().answers;
    assert!(settled.iter().all(|settled| *settled == Settled::Recorded));
    assert_groups_are_sound(&bench.pool, &PAYMENTS).await;
    settled.len()
}

/// A transaction that sent into a group and stays open, against those who work on the group meanwhile.
#[tokio::test]
async fn a_transaction_that_stays_open_after_sending_into_a_group_holds_nobody_up() {
    let bench = Bench::new().await;
    let (first, behind, late) = (grouped(1), grouped(1), grouped(1));
    bench.send(std::slice::from_ref(&first)).await;
    let mut open = bench.pool.begin().await.unwrap();
    bench.store.send_within(&mut open, &PAYMENTS, std::slice::from_ref(&late)).await.unwrap();
    // Into a group that nobody else has seen, too.
    bench.store.send_within(&mut open, &PAYMENTS, &[grouped(2)]).await.unwrap();

    bench.send(&[behind.clone(), grouped(2)]).await;
    assert_eq!(receive_and_complete(&bench, &bench.store).await, 2);
    assert_eq!(receive_and_complete(&bench, &bench.store).await, 1);
    assert_eq!(receive_and_complete(&bench, &bench.store).await, 0);

    open.commit().await.unwrap();
    assert_eq!(receive_and_complete(&bench, &bench.store).await, 2);
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.grouped_command").await, 0);
}

/// Two transactions that send into the same groups in opposite orders.
#[tokio::test]
async fn senders_into_the_same_groups_in_opposite_orders_do_not_wait_for_each_other() {
    let bench = Bench::new().await;
    let (mut one, mut other) = (bench.pool.begin().await.unwrap(), bench.pool.begin().await.unwrap());
    for (mine, theirs) in [(1, 2), (2, 1)] {
        bench.store.send_within(&mut one, &PAYMENTS, &[grouped(mine)]).await.unwrap();
        bench.store.send_within(&mut other, &PAYMENTS, &[grouped(theirs)]).await.unwrap();
    }
    one.commit().await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(receive_and_complete(&bench, &bench.store).await, 2);
    assert_eq!(receive_and_complete(&bench, &bench.store).await, 2);
    assert_no_deadlock(bench, []).await;
}

/// A batch of lower places that is committed while turns are given: the group has one turn all the same.
#[tokio::test]
async fn receivers_and_senders_of_one_group_never_give_two_turns() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    let mut left = 0;
    for _ in 0..40 {
        let write = async {
            let mut writer = bench.store.begin_batch(new_batch(None)).await.unwrap();
            writer.add(&[grouped(1), grouped(2)]).await.unwrap();
            bench.send(&[grouped(2), grouped(1)]).await;
            writer.finish().await.unwrap().unwrap();
        };
        let (mine, theirs, ()) =
            tokio::join!(receive_and_complete(&bench, &bench.store), receive_and_complete(&bench, &other), write);
        left = left + 4 - mine - theirs;
    }
    while left > 0 {
        let done = receive_and_complete(&bench, &other).await;
        assert!((1..=2).contains(&done), "{left} are stuck, or two of a group were received");
        left -= done;
    }
    assert_no_deadlock(bench, [other]).await;
}

/// Cancels of what is held, against the receives that give it its turn.
#[tokio::test]
async fn a_cancel_and_the_turn_of_a_command_do_not_deadlock() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    // Enough for the two to meet in every order.
    for _ in 0..100 {
        let commands: Vec<NewCommand> = (0..8).map(|n| grouped(n % 4)).collect();
        bench.send(&commands).await;
        let mut ids: Vec<CommandId> = commands.iter().map(|command| command.command_id).collect();
        ids.reverse();
        let (canceled, _) = tokio::join!(
            other.cancel(&PAYMENTS, &ids[..6], "ann", "not needed"),
            receive_and_complete(&bench, &bench.store)
        );
        canceled.unwrap();
        while receive_and_complete(&bench, &bench.store).await > 0 {}
        assert_eq!(bench.ask::<i64>("select count(*) from commandbus.grouped_command").await, 0);
        assert_eq!(bench.queued().await, 0);
    }
    assert_no_deadlock(bench, [other]).await;
}
