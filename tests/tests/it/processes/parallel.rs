//! Steps that run side by side, when one of them fails.

use std::time::Duration;

use commandbus::{
    message::{CommandStatus, Outcome, ProcessStatus},
    worker::WorkerPhase,
};

use super::{
    hall::{ABROAD, HOME, Hall},
    order::{Does, Order},
};
use crate::time::until;

async fn a_late_success_of_a_sibling_is_undone_too(hall: &Hall) {
    hall.open();
    let order = Order::default().doing("credit", Does::Refuse.once_let()).doing("notify", Does::wait());
    let id = hall.start(order).await;
    let (credit, notify) = (hall.until_sent(id, "credit").await, hall.until_sent(id, "notify").await);
    hall.stage.until_called(credit).await;
    hall.stage.until_called(notify).await;

    hall.stage.open("credit", 1);
    hall.until_status(id, ProcessStatus::Compensating).await;
    // It is looked at again after a while, and still nothing is undone.
    hall.harness.pass_time(Duration::from_secs(16)).await;
    let first = hall.order(id).await.updated_at;
    until(async || hall.order(id).await.updated_at > first).await;
    assert_eq!(hall.sent(id).await, "reserve debit credit notify");

    hall.stage.open("notify", 1);
    let ended = "reserve debit credit notify -notify -debit -reserve";
    assert_eq!(hall.ending(id).await, (ended.into(), ProcessStatus::Canceled, Some("NO_COVER".into())));
    assert_eq!(hall.heard(id).await, ["reserve", "debit", "notify"], "an undo may need what a late reply said");
    hall.check_all_taken().await;
}

async fn a_sibling_that_waits_is_canceled_and_never_runs(hall: &Hall) {
    let abroad = hall.worker(&ABROAD);
    hall.work(&HOME);
    hall.route();
    let id = hall.start(Order::default().doing("debit", Does::wait()).doing("credit", Does::Refuse)).await;
    hall.until_only(id, "debit").await;
    // From here on nobody works abroad, but what is begun is finished.
    let monitor = abroad.monitor.clone();
    let stopped = tokio::spawn(abroad.stop());
    until(async || monitor.health().phase == WorkerPhase::Stopping).await;
    hall.stage.open("debit", 1);
    stopped.await.unwrap();

    let notify = hall.until_sent(id, "notify").await;
    hall.until_sent(id, "-debit").await;
    let steps = hall.steps(id).await;
    let canceled = steps.iter().find(|step| step.command_id == notify).unwrap();
    assert_eq!(canceled.outcome, Some(Outcome::Canceled));

    hall.work(&ABROAD);
    let ended = "reserve debit credit notify -debit -reserve";
    assert_eq!(hall.ending(id).await, (ended.into(), ProcessStatus::Canceled, Some("NO_COVER".into())));
    assert_eq!(hall.stage.calls_of(notify), 0);
    let command = hall.bus.commands().get(&ABROAD, notify).await.unwrap().unwrap();
    assert_eq!(command.status, CommandStatus::Canceled);
    hall.check_all_taken().await;
}

async fn two_siblings_that_fail_leave_the_first_cause(hall: &Hall) {
    hall.open();
    let order = Order::default().doing("credit", Does::park()).doing("notify", Does::Refuse.once_let());
    let id = hall.start(order).await;
    let parked = hall.until_parked(id, "credit").await;
    let notify = hall.command(id, "notify").await;
    hall.stage.until_called(notify).await;
    hall.bus.troubleshooting().by("olga").cancel(&HOME, parked, "not this one").await.unwrap();
    hall.until_status(id, ProcessStatus::Compensating).await;
    hall.stage.open("notify", 1);
    let ended = "reserve debit credit notify -debit -reserve";
    assert_eq!(hall.ending(id).await, (ended.into(), ProcessStatus::Canceled, Some("CANCELED".into())));
    hall.check_all_taken().await;
}

async fn a_group_is_joined_before_the_next_step(hall: &Hall) {
    hall.open();
    let id = hall.start(Order::default().doing("notify", Does::wait())).await;
    hall.until_only(id, "notify").await;
    assert_eq!(hall.sent(id).await, "reserve debit credit notify");
    assert_eq!(hall.order(id).await.current_step.as_deref(), Some("credit"));
    hall.stage.open("notify", 1);
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    let steps = hall.steps(id).await;
    assert_eq!(steps.iter().map(|step| step.visit).collect::<Vec<_>>(), [1, 2, 3, 3, 4]);
    assert!(steps[4].sent_at >= steps[3].received_at.unwrap());
    hall.check_all_taken().await;
}

super::on_both! {
    a_late_success_of_a_sibling_is_undone_too,
    a_sibling_that_waits_is_canceled_and_never_runs,
    two_siblings_that_fail_leave_the_first_cause,
    a_group_is_joined_before_the_next_step,
}
