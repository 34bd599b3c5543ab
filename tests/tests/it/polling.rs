//! The look that an idle worker takes before it receives.

use std::time::Duration;

use commandbus::{
    message::group,
    store::{NewCommand, Start, Store},
};
use serde_json::json;

use crate::{
    house::{AtWork, House},
    support::{Bench, PAYMENTS, complete, debit},
    time::until,
};

fn grouped() -> NewCommand {
    let headers = [(group::HEADER.to_owned(), json!("account-7"))].into_iter().collect();
    NewCommand { headers: Some(headers), ..debit(3) }
}

#[tokio::test]
async fn a_look_finds_what_a_receive_would() {
    let bench = Bench::new().await;
    let work = async || bench.store.may_have_work(&PAYMENTS).await;
    assert!(!work().await, "nothing was sent");
    bench.send(&[NewCommand { start: Start::After(Duration::from_secs(60)), ..debit(3) }]).await;
    assert!(!work().await, "it is not yet time");
    bench.expire_leases().await;
    assert!(work().await, "it is time");
    let delivery = bench.received().await;
    assert!(!work().await, "it is leased");
    bench.settle(delivery.token, complete()).await;
    assert!(!work().await, "it is done");
}

#[tokio::test]
async fn a_look_finds_the_turn_of_a_group() {
    let bench = Bench::new().await;
    let work = async || bench.store.may_have_work(&PAYMENTS).await;
    bench.send(&[grouped(), grouped()]).await;
    for turn in ["first", "second"] {
        assert!(work().await, "the {turn} has its turn");
        let delivery = bench.received().await;
        assert!(!work().await, "the {turn} runs");
        bench.settle(delivery.token, complete()).await;
    }
    // Whether anything is left to be tidied up, a receive tells.
    assert!(bench.receive().await.deliveries.is_empty());
    assert!(!work().await);
}

#[tokio::test]
async fn an_idle_worker_looks_and_does_not_receive() {
    let house = House::new().await;
    // From the next connections on.
    house
        .run("do $$ begin execute format('alter database %I set track_functions = pl', current_database()); end $$")
        .await;
    let bus = house.another_bus().await;
    let at_work = AtWork::start(house.worker_on(&bus).poll_interval(Duration::from_millis(10)));
    // Sessions report now and then what they did.
    let scans = "select seq_scan + idx_scan from pg_stat_user_tables where relname = 'q_payments__commands'";
    let receives =
        "select coalesce(sum(calls), 0)::int8 from pg_stat_user_functions where funcname = 'receive_commands'";
    until(async || house.ask::<i64>(scans).await > 100 && house.ask::<i64>(receives).await > 0).await;
    at_work.stop().await;
    let received: i64 = house.ask(receives).await;
    assert!(received < 10, "{received} receives");
}

/// Whoever cannot look shall receive, and hear what is wrong.
#[tokio::test]
async fn a_look_that_fails_is_no_answer() {
    let bench = Bench::new().await;
    bench.run("drop table pgmq.q_payments__commands cascade").await;
    assert!(bench.store.may_have_work(&PAYMENTS).await);
}
