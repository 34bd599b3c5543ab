//! Messages that the handlers of a worker do not expect.

use std::time::Duration;

use commandbus::{
    bus::UntypedCommand,
    message::{CommandId, CommandStatus},
    prelude::*,
    worker::WorkerBuilder,
};
use serde_json::{Value, json};

use crate::{
    house::{AtWork, DebitAccount, Does::Succeed, House, debit},
    support::PAYMENTS,
    time::{soon, until},
};

async fn send(house: &House, command_type: &str, data: Value) -> CommandId {
    house.bus.send_untyped(UntypedCommand::new(PAYMENTS.clone(), command_type, data)).await.unwrap().id()
}

/// A worker that handles what it knows, after it has met a command.
async fn at_work_after(house: &House, worker: WorkerBuilder, id: CommandId) -> AtWork {
    let worker = AtWork::start(worker);
    until(async || {
        let command = house.command(id).await;
        command.delivery > 0 && command.status != CommandStatus::InProgress
    })
    .await;
    let known = debit(Succeed).send(&house.bus).await.unwrap();
    assert_eq!(soon(known.reply()).await.unwrap().cents, 950);
    worker
}

#[tokio::test]
async fn a_command_of_an_unknown_type_is_given_back_uncounted_for_a_while() {
    let house = House::new().await;
    let id = send(&house, "RefundAccount", json!({"cents": 5})).await;
    let worker = house.worker().unknown_type_delay(Duration::from_secs(3600));
    let worker = at_work_after(&house, worker, id).await;

    let command = house.command(id).await;
    assert_eq!((command.status, command.attempts, command.delivery), (CommandStatus::Pending, 0, 1));
    assert_eq!(command.last_error_code, None);
    let waits: bool = house
        .ask(
            "select q.vt between clock_timestamp() + interval '50 minutes' and clock_timestamp() + interval '1 hour'
             from pgmq.q_payments__commands q",
        )
        .await;
    assert!(waits, "a newer worker has time to come");

    // However often it is met, it keeps its attempts.
    for delivery in 2..=5 {
        house.make_visible().await;
        until(async || {
            let command = house.command(id).await;
            command.delivery == delivery && command.status == CommandStatus::Pending
        })
        .await;
        assert_eq!(house.command(id).await.attempts, 0);
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_command_of_an_unknown_type_is_parked_where_that_is_asked_for() {
    let house = House::new().await;
    let id = send(&house, "RefundAccount", json!({"cents": 5})).await;
    let worker = at_work_after(&house, house.worker().park_unknown_types(), id).await;

    let case = house.bus.troubleshooting().show(&PAYMENTS, id).await.unwrap();
    assert_eq!(case.parked.reason, "PERMANENT");
    assert_eq!(case.command.last_error_code.as_deref(), Some("UNKNOWN_COMMAND_TYPE"));
    assert_eq!(
        case.command.last_error_msg.as_deref(),
        Some("no handler of this worker takes commands of type `RefundAccount`")
    );
    worker.stop().await;
}

#[tokio::test]
async fn a_payload_that_cannot_be_read_is_parked_as_it_came() {
    let house = House::new().await;
    let strange = json!({"cents": "nine fifty", "does": "Succeed", "note": {"zeros": 1e-7, "text": "käse"}});
    let id = send(&house, "DebitAccount", strange.clone()).await;
    let worker = at_work_after(&house, house.worker(), id).await;

    let command = house.command(id).await;
    assert_eq!((command.status, command.attempts), (CommandStatus::InTroubleshooting, 1), "no attempt would help");
    assert_eq!(command.last_error_code.as_deref(), Some("UNDECODABLE"));
    assert!(command.last_error_msg.is_some_and(|message| message.contains("nine fifty")));
    assert_eq!(house.bus.troubleshooting().show(&PAYMENTS, id).await.unwrap().parked.reason, "UNDECODABLE");
    let kept: Value = house.ask("select message->'data' from pgmq.a_payments__commands").await;
    assert_eq!(kept, strange);
    assert!(!house.stage.calls().contains(&id));

    // An operator mends it.
    let operator = house.bus.troubleshooting().by("alice").because("a comma too many");
    let mended = json!({"cents": 950, "does": "Succeed"});
    operator.retry_edited::<DebitAccount>(id, &mended).await.unwrap();
    house.until_status(id, CommandStatus::Completed).await;
    let archived: Value = house.ask("select payload_json from commandbus.payload_archive").await;
    assert!(archived == strange || archived["data"] == strange, "{archived}");
    worker.stop().await;
}

#[tokio::test]
async fn a_command_under_a_former_name_is_handled() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let former = UntypedCommand::new(PAYMENTS.clone(), "Debit", json!({"cents": 5, "does": "Succeed"}));
    let sent = house.bus.send_untyped(former).await.unwrap();
    assert_eq!(soon(sent.reply()).await.unwrap(), json!({"cents": 5}));
    assert_eq!(house.command(sent.id()).await.command_type, "Debit", "it is stored as it was sent");
    worker.stop().await;
}
