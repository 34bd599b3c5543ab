//! After a migration: nothing is lost, no rule is broken, and programs of today bring all of it to its end.

use std::collections::BTreeMap;

use commandbus::{
    prelude::*,
    store::{OperationId, Page, ParkedFilter, postgres::migrate},
};
use commandbus_tests::{broken_rules, report};
use sqlx::PgPool;

use super::work::{Life, Staff};
use crate::{
    support::{ask, column, run},
    time::until,
};

/// Every command, batch and process with its state.
async fn states(pool: &PgPool) -> Vec<String> {
    column(
        pool,
        "select concat_ws(' ', 'command', command_id, status, attempts) from commandbus.command
         union all select concat_ws(' ', 'batch', batch_id, status) from commandbus.batch
         union all select concat_ws(' ', 'process', process_id, status, parked_count) from commandbus.process
         union all select concat_ws(' ', 'audit', command_id, event_type) from commandbus.audit
         order by 1",
    )
    .await
}

/// How many there are in each state.
async fn counts(pool: &PgPool) -> BTreeMap<String, i64> {
    sqlx::query_as(
        "select status, count(*) from (
             select 'command ' || status as status from commandbus.command
             union all select 'batch ' || status from commandbus.batch
             union all select 'process ' || status from commandbus.process) as s
         group by status",
    )
    .fetch_all(pool)
    .await
    .unwrap()
    .into_iter()
    .collect()
}

/// The states that must be there, so that this tests something.
const STATES: [&str; 18] = [
    "batch COMPLETED",
    "batch COMPLETED_WITH_FAILURES",
    "batch IN_PROGRESS",
    "batch PENDING",
    "command CANCELED",
    "command COMPLETED",
    "command FAILED",
    "command IN_PROGRESS",
    "command IN_TROUBLESHOOTING_QUEUE",
    "command PENDING",
    "process CANCELED",
    "process COMPENSATING",
    "process COMPLETED",
    "process FAILED",
    "process WAITING_FOR_REPLY",
    "process WAITING_FOR_TSQ",
    "unfolded",
    "undelivered",
];

pub(super) async fn assert_in_every_state(pool: &PgPool) {
    let mut there: Vec<String> = counts(pool).await.into_keys().collect();
    for (name, table) in [("unfolded", "batch_delta"), ("undelivered", "undelivered_reply")] {
        let is_there = format!("select exists (select from commandbus.{table})");
        if ask::<bool>(pool, &is_there).await {
            there.push(name.to_owned());
        }
    }
    let missing: Vec<_> = STATES.iter().filter(|state| !there.iter().any(|it| it == *state)).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "{there:?}");
}

/// Migrates, and goes on.
pub(super) async fn check(what: &str, pool: &PgPool) {
    assert_in_every_state(pool).await;
    let before = states(pool).await;
    migrate(pool).await.unwrap();
    assert_eq!(states(pool).await, before, "{what}: a migration changes nothing of what happened");
    assert_eq!(broken_rules(pool, &[]).await.unwrap(), Vec::<String>::new(), "{what}");
    bring_to_its_end(pool).await;
    assert_eq!(broken_rules(pool, &[]).await.unwrap(), Vec::<String>::new(), "{what}");
    let ended = counts(pool).await;
    assert_eq!(ask::<i64>(pool, "select count(*) from commandbus.batch_delta").await, 0, "{what}");
    let unequal = "select count(*) from (
            select c.command_id from commandbus.command c left join booked b using (command_id)
            where c.command_type = 'Book' group by c.domain, c.command_id
            having count(b.*) <> (select count(*) from commandbus.audit a
                where a.command_id = c.command_id and a.domain = c.domain and a.event_type = 'COMPLETED')) as u";
    assert_eq!(
        ask::<i64>(pool, unequal).await,
        0,
        "{what}: each booking that was completed, and no other, booked once"
    );
    report(format_args!("{what}: {} entries before, ended as {ended:?}", before.len()));
}

async fn bring_to_its_end(pool: &PgPool) {
    let bus = Bus::new(pool.clone());
    run(
        pool,
        "delete from commandbus.paused;
         update pgmq.q_upgrade__commands set vt = clock_timestamp() - interval '1 second'
         where vt <> commandbus.held_until();
         update pgmq.q_upgrade_trips__process_replies set vt = clock_timestamp() - interval '1 second'",
    )
    .await;
    let staff = Staff::at_work(&bus, Life::After);
    // What an operator had begun, another one goes on with.
    let begun = bus.operations().list(Page::<OperationId>::first(10)).await.unwrap();
    for operation in begun.items {
        bus.operations().run(operation.operation_id, |_| {}).await.unwrap();
    }
    let troubleshooting = bus.troubleshooting();
    let operator = troubleshooting.by("olivia").because("the new version is there");
    // Not what is no shipment at all, however often it is sent again.
    let unreadable = ParkedFilter::default().with_code("UNDECODABLE");
    for parked in troubleshooting.list(&unreadable, Page::first(10)).await.unwrap() {
        operator.complete(&parked.domain, parked.command_id).await.unwrap();
    }
    until(async || {
        let again = operator.retry_all(&ParkedFilter::default()).await.unwrap();
        bus.operations().run(again.operation_id, |_| {}).await.unwrap();
        everything_ended(pool).await
    })
    .await;
    staff.stop().await;
}

async fn everything_ended(pool: &PgPool) -> bool {
    ask(
        pool,
        "select not exists (select from commandbus.command where status not in ('COMPLETED', 'FAILED', 'CANCELED'))
            and not exists (select from commandbus.process
                            where status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED'))
            and not exists (select from commandbus.batch where completed_at is null)",
    )
    .await
}
