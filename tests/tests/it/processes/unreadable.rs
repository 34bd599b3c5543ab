//! Replies that cannot be taken in as things are: put off, then parked for an operator.

use std::time::Duration;

use commandbus::{
    message::{CommandId, ProcessId, ProcessStatus, StepRole},
    store::{Acceptance, NewCommand, NewProcess, NewStep, Page, ParkedReply, Start},
};
use serde_json::json;

use super::{
    hall::{ABROAD, HOME, Hall, ORDERS},
    order::{Does, Done, Order, deploy, withdraw},
};
use crate::{
    contract::harness::{self, Queued},
    time::until,
};

/// Waits until the only reply in the queue was read so often and is put off, and answers for how long.
async fn put_off(hall: &Hall, reads: u32) -> Duration {
    let queue = ORDERS.process_replies_queue();
    let pause = async || {
        let messages = hall.harness.messages(&queue).await;
        // What a router holds is hidden for a day.
        let put_off = |one: &&Queued| one.reads == reads && one.hidden_for <= Duration::from_secs(60);
        messages.iter().find(put_off).map(|message| message.hidden_for)
    };
    until(async || pause().await.is_some()).await;
    pause().await.expect("nothing else reads it")
}

/// Follows the only reply there is through its pauses, until it is parked.
async fn parked_after_five_reads(hall: &Hall, id: ProcessId) -> ParkedReply {
    for (reads, pause) in [(1, 10), (2, 30), (3, 60), (4, 60)] {
        let found = put_off(hall, reads).await;
        assert!(found <= Duration::from_secs(pause) && found > Duration::from_secs(pause / 2), "{reads}: {found:?}");
        let order = hall.order(id).await;
        assert_eq!((order.status, order.parked_count), (ProcessStatus::WaitingForReply, 0));
        // Not longer: a step has 30 s, but its reply is there.
        hall.harness.pass_time(Duration::from_secs(pause)).await;
    }
    let order = hall.until_status(id, ProcessStatus::WaitingForTroubleshooting).await;
    assert_eq!(order.parked_count, 1);
    let queue = ORDERS.process_replies_queue();
    assert!(hall.harness.messages(&queue).await.is_empty());
    let parked = hall.bus.processes().parked_replies(&ORDERS, Page::first(10)).await.unwrap();
    let [parked] = &parked[..] else { panic!("one is parked: {parked:?}") };
    assert_eq!(parked.process_id, Some(id));
    parked.clone()
}

/// An order whose `debit` was completed by an operator with what the process cannot read.
async fn misunderstood(hall: &Hall) -> (ProcessId, ParkedReply) {
    hall.open();
    let id = hall.start(Order::default().doing("debit", Does::park())).await;
    let debit = hall.until_parked(id, "debit").await;
    let nonsense = json!({ "waht": 7 });
    hall.bus.troubleshooting().by("olga").complete_with(&ABROAD, debit, &nonsense).await.unwrap();
    let parked = parked_after_five_reads(hall, id).await;
    assert_eq!((parked.error_code.as_str(), parked.command_id), ("REPLY_UNDECODABLE", Some(debit)));
    assert!(parked.error_message.contains("the reply to step `debit` is not what `Order` takes"), "{parked:?}");
    assert_eq!(parked.reply["result"], nonsense);
    assert_eq!(hall.sent(id).await, "reserve debit");
    (id, parked)
}

async fn a_reply_that_is_not_understood_is_parked_until_it_is_sent_again_with_another_result(hall: &Hall) {
    let (id, parked) = misunderstood(hall).await;
    let result = Done { what: "understood".into() };
    let processes = hall.bus.processes();
    processes.retry_reply_with(&ORDERS, parked.parked_reply_id, &result, "olga", Some("ticket 7")).await.unwrap();
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    assert_eq!(hall.heard(id).await[1], "understood");
    assert_eq!(hall.sent(id).await, "reserve debit credit notify close");
    let again = processes.retry_reply(&ORDERS, parked.parked_reply_id, "olga", None).await;
    assert!(again.is_err(), "it is parked no more");
}

async fn a_reply_that_is_not_understood_again_is_parked_again(hall: &Hall) {
    let (id, parked) = misunderstood(hall).await;
    let processes = hall.bus.processes();
    processes.retry_reply(&ORDERS, parked.parked_reply_id, "olga", None).await.unwrap();
    let order = hall.order(id).await;
    assert_eq!((order.status, order.parked_count), (ProcessStatus::WaitingForReply, 0));
    let again = parked_after_five_reads(hall, id).await;
    assert_ne!(again.parked_reply_id, parked.parked_reply_id);
    assert_eq!(again.error_code, "REPLY_UNDECODABLE");
}

async fn a_parked_reply_does_not_hinder_a_process_that_is_taken_back(hall: &Hall) {
    hall.open();
    let id = hall.start(Order::default().doing("credit", Does::park()).doing("notify", Does::Refuse.once_let())).await;
    let credit = hall.until_parked(id, "credit").await;
    let nonsense = json!([1, 2]);
    hall.bus.troubleshooting().by("olga").complete_with(&HOME, credit, &nonsense).await.unwrap();
    let parked = parked_after_five_reads(hall, id).await;

    hall.stage.open("notify", 1);
    let order = hall.until_status(id, ProcessStatus::Compensating).await;
    assert_eq!((order.parked_count, order.error_code.as_deref()), (1, Some("NO_COVER")));
    assert_eq!(hall.sent(id).await, "reserve debit credit notify", "whether to undo `credit` is not known");
    let result = Done { what: "credit".into() };
    let processes = hall.bus.processes();
    processes.retry_reply_with(&ORDERS, parked.parked_reply_id, &result, "olga", None).await.unwrap();
    let sent = "reserve debit credit notify -credit -debit -reserve";
    assert_eq!(hall.ending(id).await, (sent.into(), ProcessStatus::Canceled, Some("NO_COVER".into())));
}

async fn a_state_that_is_not_understood_parks_the_reply_until_a_release_that_can_read_it(hall: &Hall) {
    hall.open();
    let release = format!("{}", ProcessId::new());
    let order = Order::of_release(&release).doing("debit", Does::wait());
    let id = hall.start(order).await;
    hall.until_only(id, "debit").await;
    withdraw(&release);
    hall.stage.open("debit", 1);
    let parked = parked_after_five_reads(hall, id).await;
    assert_eq!(parked.error_code, "STATE_UNDECODABLE");
    assert!(parked.error_message.contains("the stored state is not a `Order`"), "{parked:?}");

    deploy(&release);
    hall.bus.processes().retry_reply(&ORDERS, parked.parked_reply_id, "olga", None).await.unwrap();
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    assert_eq!(hall.heard(id).await.len(), 5);
}

async fn a_process_of_an_unknown_type_parks_its_replies(hall: &Hall) {
    hall.open();
    let id = unknown(hall, "Vanished").await;
    let parked = parked_after_five_reads(hall, id).await;
    assert_eq!(parked.error_code, "UNKNOWN_PROCESS");
    assert!(parked.error_message.contains("no process `Vanished` of domain `flow_orders` is linked"), "{parked:?}");
    // Also when it is tried again.
    hall.bus.processes().retry_reply(&ORDERS, parked.parked_reply_id, "olga", None).await.unwrap();
    assert_eq!(parked_after_five_reads(hall, id).await.error_code, "UNKNOWN_PROCESS");
}

/// Starts a process of a type that this program does not have.
async fn unknown(hall: &Hall, process_type: &'static str) -> ProcessId {
    let process_id = ProcessId::new();
    let process = NewProcess {
        process_id,
        process_type: process_type.into(),
        state: serde_json::value::to_raw_value(&Order::default()).unwrap(),
        current_step: "reserve".into(),
        deadline: None,
        steps: vec![first_step(process_id)],
    };
    let answers = hall.bus.store().processes().start(&ORDERS, &[process], None).await.unwrap();
    assert_eq!(answers, [Acceptance::Sent]);
    process_id
}

/// As `Order` sends it.
fn first_step(process_id: ProcessId) -> NewStep {
    let command = NewCommand {
        command_id: CommandId::new(),
        command_type: "HomeTask".into(),
        correlation_id: process_id.as_uuid(),
        data: serde_json::value::to_raw_value(&json!({ "what": "reserve", "does": "Succeed" })).unwrap(),
        reply_to: Some(ORDERS.process_replies_queue()),
        max_attempts: 3,
        start: Start::Now,
        headers: None,
    };
    let domain = HOME.clone();
    NewStep { domain, command, step_name: "reserve".into(), role: StepRole::Step, visit: 1, timeout: None }
}

#[tokio::test]
async fn a_parked_reply_goes_on_once_its_process_has_a_type_that_is_known() {
    let hall = Hall::new(harness::postgres::start().await);
    hall.open();
    let id = unknown(&hall, "Bestellung").await;
    let parked = parked_after_five_reads(&hall, id).await;
    let pool = hall.bus.store().as_postgres().unwrap().pool().clone();
    sqlx::query("update commandbus.process set process_type = 'Order'").execute(&pool).await.unwrap();
    hall.bus.processes().retry_reply(&ORDERS, parked.parked_reply_id, "olga", None).await.unwrap();
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    assert_eq!(hall.sent(id).await, "reserve debit credit notify close");
}

super::on_both! {
    a_reply_that_is_not_understood_is_parked_until_it_is_sent_again_with_another_result,
    a_reply_that_is_not_understood_again_is_parked_again,
    a_parked_reply_does_not_hinder_a_process_that_is_taken_back,
    a_state_that_is_not_understood_parks_the_reply_until_a_release_that_can_read_it,
    a_process_of_an_unknown_type_parks_its_replies,
}
