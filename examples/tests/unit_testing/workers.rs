//! Handlers behind a bus in memory: the rules of the real one, without a database.
//!
//! A worker runs until a future completes. Here that future is the test itself: it sends, and looks at what comes of it.
//! `start_paused` stops the clock of tokio, which then jumps to whatever is waited for next.

use commandbus::{
    bus::{ReplyError, UntypedCommand},
    message::{CommandStatus, Domain},
    prelude::*,
    testing::wait_for,
};
use serde_json::json;

use crate::{
    handlers::{FailsFirst, charge, open_till},
    shop::{NetworkError, Receipt, ReserveGoods, Till, Warehouse},
};

static TILL: Domain = Domain::from_static("till");

fn till(bus: &Bus, till: Till) -> Worker {
    Worker::new(bus, "till").provide(till).build().unwrap()
}

/// The first test that a program should have: it starts no worker, and still finds everything that is not wired.
#[tokio::test]
async fn every_command_has_a_handler_and_every_handler_what_it_needs() {
    let bus = Bus::in_memory();
    Worker::new(&bus, "till").provide(open_till()).check().unwrap();
    Worker::new(&bus, "warehouse").handlers(Warehouse::with("lamp", 5)).check().unwrap();

    let error = Worker::new(&bus, "till").check().unwrap_err().to_string();
    assert!(error.contains("charge_card") && error.contains("Till"), "{error}");
}

#[tokio::test]
async fn a_sender_gets_the_reply_of_the_handler() {
    let bus = Bus::in_memory();
    let test = async {
        let sent = charge().send(&bus).await.unwrap();
        assert_eq!(sent.reply().await.unwrap(), Receipt { number: "R-1".into() });
    };
    till(&bus, open_till()).run_until(test).await.unwrap();
}

#[tokio::test]
async fn what_a_rule_refuses_is_told_to_the_sender() {
    let bus = Bus::in_memory();
    let test = async {
        let sent = charge().send(&bus).await.unwrap();
        let error = sent.reply().await.unwrap_err();
        assert!(matches!(error, ReplyError::Failed(failure) if failure.code == "CARD_DECLINED"));
    };
    till(&bus, Till(FailsFirst::new(1, NetworkError::Declined))).run_until(test).await.unwrap();
}

/// `backoff = "10s, 60s"`: more than a minute, and over at once.
#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_is_tried_again() {
    let bus = Bus::in_memory();
    let network = FailsFirst::new(2, NetworkError::Unreachable);
    let begin = tokio::time::Instant::now();
    let test = async {
        let sent = charge().send(&bus).await.unwrap();
        assert_eq!(sent.reply().await.unwrap(), Receipt { number: "R-3".into() });
    };
    till(&bus, Till(network.clone())).run_until(test).await.unwrap();
    assert_eq!(network.calls(), 3);
    assert!(begin.elapsed().as_secs() >= 60, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_has_to_see_is_parked() {
    let bus = Bus::in_memory();
    let test = async {
        let sent = charge().send(&bus).await.unwrap();
        // Nobody replies to what is parked, so the test waits for the state.
        wait_for(&bus, &TILL, sent.id(), CommandStatus::InTroubleshooting).await;
        let case = bus.troubleshooting().show(&TILL, sent.id()).await.unwrap();
        assert_eq!(case.parked.error_code.as_deref(), Some("UNKNOWN_CARD"));
        assert_eq!(case.parked.payload, Some(json!({"order": 1, "cents": 2_500, "card": "***"})));

        // The network has learned of the card meanwhile.
        bus.troubleshooting().by("olga").retry(&TILL, sent.id()).await.unwrap();
        assert_eq!(sent.reply().await.unwrap(), Receipt { number: "R-2".into() });
    };
    till(&bus, Till(FailsFirst::new(1, NetworkError::UnknownCard))).run_until(test).await.unwrap();
}

/// What was sent by the last release may still wait in a queue when this one starts.
#[tokio::test]
async fn a_payload_of_the_last_version_is_still_handled() {
    let bus = Bus::in_memory();
    let test = async {
        let old = json!({"order": 1, "euros": 25, "card": "4242"});
        let old = UntypedCommand::new(TILL.clone(), "ChargeCard", old).with_version(1);
        let sent = bus.send_untyped(old).await.unwrap();
        assert_eq!(sent.reply().await.unwrap(), json!({"number": "R-1"}));
    };
    till(&bus, open_till()).run_until(test).await.unwrap();
}

#[tokio::test]
async fn a_set_of_handlers_is_given_to_its_worker() {
    let bus = Bus::in_memory();
    let worker = Worker::new(&bus, "warehouse").handlers(Warehouse::with("lamp", 5)).build().unwrap();
    let test = async {
        let reserve = |pieces| ReserveGoods { article: "lamp".into(), pieces }.send(&bus);
        let (first, second) = (reserve(3).await.unwrap(), reserve(3).await.unwrap());
        first.reply().await.unwrap();
        assert!(matches!(second.reply().await, Err(ReplyError::Failed(failure)) if failure.code == "OUT_OF_STOCK"));
    };
    worker.run_until(test).await.unwrap();
}
