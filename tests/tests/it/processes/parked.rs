//! What is parked of a process, and what an operator does about it.

use commandbus::message::{ProcessId, ProcessStatus};

use super::{
    hall::{ABROAD, HOME, Hall},
    order::{Does, Done, Order},
};

/// An order that is taken back, and waits with the undo of `credit` parked.
async fn parked_undo(hall: &Hall) -> (ProcessId, commandbus::message::CommandId) {
    hall.open();
    let id = hall.start(Order::default().doing("close", Does::Refuse).doing("-credit", Does::park())).await;
    let parked = hall.until_parked(id, "-credit").await;
    let order = hall.order(id).await;
    assert_eq!((order.status, order.parked_count), (ProcessStatus::Compensating, 1));
    assert_eq!(hall.sent(id).await, "reserve debit credit notify close -notify -credit");
    (id, parked)
}

const UNDONE: &str = "reserve debit credit notify close -notify -credit -debit -reserve";

async fn unwinding_goes_on_after_the_retry_of_an_undo(hall: &Hall) {
    let (id, parked) = parked_undo(hall).await;
    hall.bus.troubleshooting().by("olga").retry(&HOME, parked).await.unwrap();
    assert_eq!(hall.ending(id).await, (UNDONE.into(), ProcessStatus::Canceled, Some("NO_COVER".into())));
    assert_eq!(hall.stage.calls_of(parked), 2);
    hall.check_all_taken().await;
}

async fn unwinding_goes_on_after_the_completion_of_an_undo(hall: &Hall) {
    let (id, parked) = parked_undo(hall).await;
    hall.bus.troubleshooting().by("olga").complete(&HOME, parked).await.unwrap();
    assert_eq!(hall.ending(id).await, (UNDONE.into(), ProcessStatus::Canceled, Some("NO_COVER".into())));
    assert_eq!(hall.stage.calls_of(parked), 1);
    hall.check_all_taken().await;
}

async fn unwinding_goes_on_after_the_cancellation_of_an_undo(hall: &Hall) {
    let (id, parked) = parked_undo(hall).await;
    hall.bus.troubleshooting().by("olga").cancel(&HOME, parked, "leave it").await.unwrap();
    assert_eq!(hall.ending(id).await, (UNDONE.into(), ProcessStatus::Failed, Some("NO_COVER".into())));
    hall.check_all_taken().await;
}

/// An order that waits with `debit` parked.
async fn parked_step(hall: &Hall, then: Does) -> (ProcessId, commandbus::message::CommandId) {
    hall.open();
    let id = hall.start(Order::default().doing("debit", Does::Park(Box::new(then)))).await;
    let parked = hall.until_parked(id, "debit").await;
    let order = hall.order(id).await;
    assert_eq!((order.status, order.parked_count), (ProcessStatus::WaitingForTroubleshooting, 1));
    assert_eq!(order.current_step.as_deref(), Some("debit"));
    (id, parked)
}

async fn a_retried_step_is_waited_for_again_and_the_process_goes_on(hall: &Hall) {
    let (id, parked) = parked_step(hall, Does::wait()).await;
    hall.bus.troubleshooting().by("olga").retry(&ABROAD, parked).await.unwrap();
    let order = hall.order(id).await;
    assert_eq!((order.status, order.parked_count), (ProcessStatus::WaitingForReply, 0));
    hall.stage.open("debit", 1);
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    assert_eq!(hall.sent(id).await, "reserve debit credit notify close");
    hall.check_all_taken().await;
}

async fn a_step_completed_by_an_operator_goes_on_with_what_the_operator_said(hall: &Hall) {
    let (id, parked) = parked_step(hall, Does::Succeed).await;
    let result = Done { what: "debited by hand".into() };
    hall.bus.troubleshooting().by("olga").complete_with(&ABROAD, parked, &result).await.unwrap();
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    assert_eq!(hall.heard(id).await[1], "debited by hand");
    hall.check_all_taken().await;
}

async fn a_step_canceled_by_an_operator_is_the_cause(hall: &Hall) {
    let (id, parked) = parked_step(hall, Does::Succeed).await;
    hall.bus.troubleshooting().by("olga").cancel(&ABROAD, parked, "not to them").await.unwrap();
    let ended = ("reserve debit -reserve".into(), ProcessStatus::Canceled, Some("CANCELED".into()));
    assert_eq!(hall.ending(id).await, ended);
    hall.check_all_taken().await;
}

async fn a_parked_step_that_is_late_is_waited_for_while_it_is_taken_back(hall: &Hall) {
    let (id, parked) = parked_step(hall, Does::Succeed).await;
    hall.harness.pass_time(std::time::Duration::from_secs(301)).await;
    let order = hall.until_status(id, ProcessStatus::Compensating).await;
    assert_eq!((order.parked_count, order.error_code.as_deref()), (1, Some("STEP_TIMEOUT")));
    assert_eq!(hall.sent(id).await, "reserve debit", "what is parked may still be done");
    hall.bus.troubleshooting().by("olga").complete_with(&ABROAD, parked, &Done { what: "done".into() }).await.unwrap();
    let ended = ("reserve debit -debit -reserve".into(), ProcessStatus::Canceled, Some("STEP_TIMEOUT".into()));
    assert_eq!(hall.ending(id).await, ended);
    hall.check_all_taken().await;
}

super::on_both! {
    unwinding_goes_on_after_the_retry_of_an_undo,
    unwinding_goes_on_after_the_completion_of_an_undo,
    unwinding_goes_on_after_the_cancellation_of_an_undo,
    a_retried_step_is_waited_for_again_and_the_process_goes_on,
    a_step_completed_by_an_operator_goes_on_with_what_the_operator_said,
    a_step_canceled_by_an_operator_is_the_cause,
    a_parked_step_that_is_late_is_waited_for_while_it_is_taken_back,
}
