//! Messages that others put into a queue of replies to processes.

use commandbus::{
    bus::Bus,
    message::{ProcessId, ProcessStatus},
    prelude::*,
};
use commandbus_tests::{TestDatabase, inputs, report};
use serde_json::{Map, Value, json};
use sqlx::PgPool;

use crate::{
    support::{ask, run},
    time::until,
    upgrading::{Fate::Succeeds, Life, Staff, Trip, living::TRIPS},
};

async fn put(pool: &PgPool, messages: &[Value]) {
    let put = "insert into pgmq.q_upgrade_trips__process_replies (vt, message)
               select clock_timestamp(), m from unnest($1::jsonb[]) as m";
    sqlx::query(put).bind(messages).execute(pool).await.unwrap();
}

/// A reply to a command that the process did not send, so that it changes nothing if it can be read.
fn foreign(process: ProcessId) -> Map<String, Value> {
    let reply = json!({
        "command_id": "0192f0c1-2345-7000-8000-000000000001", "correlation_id": process, "outcome": "SUCCESS",
        "result": 7,
    });
    match reply {
        Value::Object(reply) => reply,
        _ => unreachable!("it was written as one"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_in_a_queue_of_replies_is_put_aside_and_hinders_no_process() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    run(&pool, "create table booked (command_id uuid not null)").await;
    let bus = Bus::new(pool.clone());
    let waiting = Trip::of(Succeeds, Succeeds, Succeeds).start(&bus).await.unwrap().id();
    let messages: Vec<Value> = inputs(1_000).map(|mut input| input.mutated_json(&foreign(waiting))).collect();
    put(&pool, &messages).await;

    // Behind all of that, a process goes its way.
    let staff = Staff::at_work(&bus, Life::After);
    let trip = Trip::of(Succeeds, Succeeds, Succeeds).start(&bus).await.unwrap().id();
    for id in [waiting, trip] {
        until(async || bus.processes().get(&TRIPS, id).await.unwrap().unwrap().status == ProcessStatus::Completed)
            .await;
    }
    until(async || ask::<i64>(&pool, "select count(*) from pgmq.q_upgrade_trips__process_replies").await == 0).await;
    staff.stop().await;

    let aside = "select (select count(*) from commandbus.stray_reply)
                      + (select count(*) from commandbus.parked_reply)
                      + (select count(*) from pgmq.a_upgrade_trips__process_replies)";
    let aside: i64 = ask(&pool, aside).await;
    assert!(aside >= messages.len() as i64, "{aside} of {} are to be found", messages.len());
    let steps = "select count(*) from commandbus.command";
    assert_eq!(ask::<i64>(&pool, steps).await, 8, "nothing was sent because of them");
    report(format_args!("{} replies of nobody, all put aside", messages.len()));
}
