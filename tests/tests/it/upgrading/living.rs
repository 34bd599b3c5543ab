//! A database in the middle of everything: commands, batches and processes in each of their states.

use commandbus::{
    bus::{Batch, UntypedCommand},
    message::{CommandId, Domain},
    prelude::*,
    store::{Settlement, Store, Token, postgres::PostgresStore},
};
use serde_json::json;
use sqlx::PgPool;

use super::work::{
    Book, Close,
    Fate::{self, IsBroken, IsBusy, IsRefused, Lasts, Succeeds},
    Life, Load, Serve, Ship, Staff, Trip,
};
use crate::{
    support::{LEASE, ask, complete, run},
    time::until,
};

pub(crate) static UPGRADE: Domain = Domain::from_static("upgrade");
pub(crate) static TRIPS: Domain = Domain::from_static("upgrade_trips");

/// Since then verbs on everything that a filter finds are recorded.
const OPERATIONS: i32 = 16;

fn ships(fates: &[Fate]) -> impl Iterator<Item = Ship> + Send + '_ {
    fates.iter().map(|fate| Ship { fate: *fate })
}

async fn load(bus: &Bus, ship: &[Fate], book: &[Fate]) -> Batch {
    let books = book.iter().map(|fate| Book { fate: *fate });
    Load::batch("Load").extend(ships(ship)).extend(books).then(Close {}).send(bus).await.unwrap()
}

/// Lets old programs work on the database, and stops them in the middle of it.
///
/// `version` is that of the schema: what did not exist in it is left out.
pub(crate) async fn live(pool: &PgPool, version: i32) {
    run(pool, "create table if not exists booked (command_id uuid not null)").await;
    let bus = Bus::new(pool.clone());
    bus.store().ensure_queues(&UPGRADE, &[UPGRADE.replies_queue(), "upgrade_lost".to_owned()]).await.unwrap();
    bus.store().ensure_queues(&TRIPS, &[TRIPS.process_replies_queue()]).await.unwrap();
    let staff = Staff::at_work(&bus, Life::Before);

    // What has ended, what is parked, what waits for its next attempt, and what runs.
    for fate in [Succeeds, IsRefused, IsBroken, IsBusy, Lasts] {
        Ship { fate }.send(&bus).reply_to(UPGRADE.replies_queue()).await.unwrap();
        Book { fate }.send(&bus).await.unwrap();
    }
    Ship { fate: IsBusy }.send(&bus).max_attempts(1).await.unwrap();
    let unreadable = UntypedCommand::new(UPGRADE.clone(), "Ship", json!("no shipment"));
    bus.send_untyped(unreadable).await.unwrap();
    let resolved = [Ship { fate: IsBroken }, Ship { fate: IsBroken }, Ship { fate: IsBroken }];
    let mut parked = Vec::new();
    for ship in resolved {
        parked.push(ship.send(&bus).reply_to(UPGRADE.replies_queue()).await.unwrap().id());
    }
    for (customer, first) in [(1, Lasts), (2, IsBroken), (3, IsBusy)] {
        Serve { customer, fate: first }.send(&bus).await.unwrap();
        Serve { customer, fate: Succeeds }.send(&bus).await.unwrap();
    }
    for (ship, book) in [
        (&[Succeeds, Succeeds][..], &[Succeeds][..]),
        (&[Succeeds, IsRefused], &[Succeeds]),
        (&[Succeeds, IsBroken, Lasts], &[IsBusy]),
        (&[Succeeds, IsBroken], &[]),
    ] {
        load(&bus, ship, book).await;
    }
    for (out, stay, undo) in [
        (Succeeds, Succeeds, Succeeds),
        (Succeeds, IsRefused, Succeeds),
        (Succeeds, IsRefused, Lasts),
        (Succeeds, IsRefused, IsBroken),
        (Succeeds, IsRefused, IsRefused),
        (IsBroken, Succeeds, Succeeds),
        (Lasts, Succeeds, Succeeds),
        (Succeeds, Lasts, Succeeds),
    ] {
        Trip::of(out, stay, undo).start(&bus).await.unwrap();
        let trips = [Trip::of(out, stay, undo), Trip::of(Succeeds, Succeeds, Succeeds)];
        Trip::batch("Trips").extend(trips).then(Close {}).start(&bus).await.unwrap();
    }
    until_settled(pool, 0).await;

    // Replies that nobody takes in any more.
    let worker = staff.stop_routing().await;
    for _ in 0..2 {
        Trip::of(Succeeds, Succeeds, Succeeds).start(&bus).await.unwrap();
    }
    until_settled(pool, 2).await;
    worker.crash().await;

    by_operators(&bus, &parked, version).await;
    waiting(&bus, pool).await;
}

/// Waits until nothing is left that the programs could do at once, and so many replies wait for a router.
async fn until_settled(pool: &PgPool, replies: i64) {
    let settled = format!(
        "select not exists (select from commandbus.command c
                            -- A member of a group may wait for its turn.
                            where c.status = 'PENDING' and c.attempts = 0 and c.command_type <> 'Serve')
            and not exists (select from commandbus.command c
                            left join pgmq.q_upgrade__commands q on q.msg_id = c.msg_id
                            where c.status = 'IN_PROGRESS' and q.message->'data'->>'fate' is distinct from 'Lasts')
            and not exists (select from commandbus.batch_delta)
            and (select count(*) from pgmq.q_upgrade_trips__process_replies) = {replies}"
    );
    until(async || ask::<bool>(pool, &settled).await).await;
}

/// What operators had begun or done.
async fn by_operators(bus: &Bus, parked: &[CommandId], version: i32) {
    let troubleshooting = bus.troubleshooting();
    let operator = troubleshooting.by("olivia").because("ticket 7");
    operator.complete_with(&UPGRADE, parked[0], &9).await.unwrap();
    operator.cancel(&UPGRADE, parked[1], "not needed").await.unwrap();
    let edited = json!({ "fate": "Succeeds" });
    operator.retry_edited::<Ship>(parked[2], &edited).await.unwrap();
    if version >= OPERATIONS {
        operator.retry_all(&commandbus::store::ParkedFilter::default().with_code("BROKEN")).await.unwrap();
    }
}

/// What was sent when nobody worked any more.
async fn waiting(bus: &Bus, pool: &PgPool) {
    Ship { fate: Succeeds }.send(bus).await.unwrap();
    Ship { fate: Succeeds }.send(bus).delay(std::time::Duration::from_secs(3600)).await.unwrap();
    let canceled = Ship { fate: Succeeds }.send(bus).reply_to(UPGRADE.replies_queue()).await.unwrap();
    bus.store().cancel(&UPGRADE, &[canceled.id()], "ann", "not needed").await.unwrap();
    Trip::of(Succeeds, Succeeds, Succeeds).start(bus).await.unwrap();
    load(bus, &[Succeeds, Succeeds], &[Succeeds]).await;
    let canceled = load(bus, &[Succeeds, Succeeds], &[]).await;
    canceled.cancel_rest("not needed").await.unwrap();
    let paused = load(bus, &[Succeeds, Succeeds], &[]).await;
    let pause = format!("insert into commandbus.paused (domain, batch_id) values ('upgrade', '{}')", paused.id());
    run(pool, &pause).await;
    unfolded(bus, pool).await;
}

/// Settlements whose batch does not know of them yet, and a reply whose queue is gone.
async fn unfolded(bus: &Bus, pool: &PgPool) {
    let lost = Ship { fate: Succeeds }.send(bus).reply_to("upgrade_lost").await.unwrap().id();
    let batch = load(bus, &[], &[Succeeds, Succeeds]).await.id();
    run(pool, "select pgmq.drop_queue('upgrade_lost')").await;
    let store = PostgresStore::new(pool.clone());
    let tokens: Vec<Token> = store
        .receive(&UPGRADE, 1000, LEASE)
        .await
        .unwrap()
        .deliveries
        .iter()
        .filter(|delivery| delivery.batch_id == Some(batch) || delivery.token.command_id == lost)
        .map(|delivery| delivery.token)
        .collect();
    assert_eq!(tokens.len(), 3);
    for token in tokens {
        let settlement = Settlement { token, verdict: complete() };
        let mut transaction = store.begin_handler(token, LEASE, None).await.unwrap();
        let effect = sqlx::query("insert into booked select $1 where $1 <> $2").bind(token.command_id.as_uuid());
        effect.bind(lost.as_uuid()).execute(&mut *transaction).await.unwrap();
        store.settle_within(&mut transaction, &UPGRADE, &settlement).await.unwrap();
        transaction.commit().await.unwrap();
    }
}
