//! The look that an idle worker takes before it receives.

use std::time::Duration;

use commandbus::{
    message::group,
    store::{NewCommand, Start, Store},
};
use serde_json::json;

use crate::support::{Bench, PAYMENTS, complete, debit};

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

/// Whoever cannot look shall receive, and hear what is wrong.
#[tokio::test]
async fn a_look_that_fails_is_no_answer() {
    let bench = Bench::new().await;
    bench.run("drop table pgmq.q_payments__commands cascade").await;
    assert!(bench.store.may_have_work(&PAYMENTS).await);
}
