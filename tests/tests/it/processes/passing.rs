//! Time passes while nothing runs.

use std::time::Duration;

use commandbus::{
    message::{CommandStatus, ProcessId, ProcessStatus},
    prelude::*,
};

use super::{
    hall::{ABROAD, HOME, Hall, ORDERS, Routing, router},
    order::{Brief, Does, Order},
};
use crate::time::{soon, until};

const TIMEOUT: Duration = Duration::from_secs(301);
const DEADLINE: Duration = Duration::from_secs(3601);

/// An order whose `debit` is under way when the router ends.
async fn left_alone(hall: &Hall) -> ProcessId {
    hall.work(&HOME);
    hall.work(&ABROAD);
    let router = hall.route();
    let id = hall.start(Order::default().doing("debit", Does::wait())).await;
    hall.until_only(id, "debit").await;
    router.stop().await;
    id
}

/// Its `debit` succeeds, and nobody routes the reply.
async fn replied(hall: &Hall, id: ProcessId, step: &str) {
    let command = hall.command(id, step).await;
    let domain = if step == "debit" { &ABROAD } else { &HOME };
    hall.stage.open(step, 1);
    until(async || hall.bus.commands().get(domain, command).await.unwrap().unwrap().status == CommandStatus::Completed)
        .await;
    assert_eq!(hall.harness.messages(&ORDERS.process_replies_queue()).await.len(), 1);
}

async fn a_step_timeout_that_passes_while_nothing_runs_is_seen_by_the_next_router(hall: &Hall) {
    let id = hall.start(Order::default()).await;
    hall.harness.pass_time(TIMEOUT).await;
    hall.route();
    let ended = ("reserve".into(), ProcessStatus::Canceled, Some("STEP_TIMEOUT".into()));
    assert_eq!(hall.ending(id).await, ended, "nobody had received it: it never will run");
    hall.work(&HOME);
    let other = hall.start(Order::default()).await;
    hall.until_sent(other, "debit").await;
    assert_eq!(hall.stage.calls_of(hall.command(id, "reserve").await), 0);
}

async fn a_step_timeout_on_the_way_is_seen_by_the_next_router(hall: &Hall) {
    let id = left_alone(hall).await;
    hall.harness.pass_time(TIMEOUT).await;
    assert_eq!(hall.order(id).await.status, ProcessStatus::WaitingForReply);
    hall.route();
    hall.until_status(id, ProcessStatus::Compensating).await;
    hall.stage.open("debit", 1);
    let sent = "reserve debit -debit -reserve";
    assert_eq!(hall.ending(id).await, (sent.into(), ProcessStatus::Canceled, Some("STEP_TIMEOUT".into())));
    hall.check_all_taken().await;
}

async fn a_deadline_that_passes_while_nothing_runs_is_seen_by_the_next_router(hall: &Hall) {
    let id = left_alone(hall).await;
    hall.harness.pass_time(DEADLINE).await;
    hall.route();
    hall.until_status(id, ProcessStatus::Compensating).await;
    hall.stage.open("debit", 1);
    let sent = "reserve debit -debit -reserve";
    assert_eq!(hall.ending(id).await, (sent.into(), ProcessStatus::Canceled, Some("DEADLINE".into())));
    hall.check_all_taken().await;
}

async fn a_reply_in_time_that_nobody_routed_counts(hall: &Hall) {
    let id = left_alone(hall).await;
    replied(hall, id, "debit").await;
    hall.harness.pass_time(TIMEOUT).await;
    hall.route();
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    assert_eq!(hall.sent(id).await, "reserve debit credit notify close");
    hall.check_all_taken().await;
}

async fn after_the_deadline_a_reply_in_time_starts_nothing_more(hall: &Hall) {
    let id = left_alone(hall).await;
    replied(hall, id, "debit").await;
    hall.harness.pass_time(DEADLINE).await;
    hall.route();
    let sent = "reserve debit -debit -reserve";
    assert_eq!(hall.ending(id).await, (sent.into(), ProcessStatus::Canceled, Some("DEADLINE".into())));
    hall.check_all_taken().await;
}

async fn after_the_deadline_the_last_reply_in_time_completes(hall: &Hall) {
    hall.work(&HOME);
    hall.work(&ABROAD);
    let router = hall.route();
    let id = hall.start(Order::default().doing("close", Does::wait())).await;
    hall.until_only(id, "close").await;
    router.stop().await;
    replied(hall, id, "close").await;
    hall.harness.pass_time(DEADLINE).await;
    hall.route();
    assert_eq!(hall.ending(id).await.1, ProcessStatus::Completed);
    hall.check_all_taken().await;
}

async fn unwinding_goes_on_where_a_router_left_it(hall: &Hall) {
    hall.work(&HOME);
    hall.work(&ABROAD);
    let router = hall.route();
    let order = Order::default().doing("close", Does::Refuse).doing("-notify", Does::wait());
    let id = hall.start(order).await;
    hall.until_only(id, "-notify").await;
    router.crash().await;
    hall.stage.open("-notify", 1);
    // Undos have no timeout, and the deadline is no matter any more.
    hall.harness.pass_time(DEADLINE).await;
    hall.route();
    let sent = "reserve debit credit notify close -notify -credit -debit -reserve";
    assert_eq!(hall.ending(id).await, (sent.into(), ProcessStatus::Canceled, Some("NO_COVER".into())));
    hall.check_all_taken().await;
}

async fn a_timeout_is_seen_by_a_router_that_sleeps(hall: &Hall) {
    // It would not look by itself for an hour.
    let router = router(&hall.bus).poll_interval(Duration::from_secs(3600));
    let _router = Routing::start(router);
    let brief = Brief {}.start(&hall.bus).await.unwrap();
    let ended = soon(brief.wait()).await.unwrap();
    assert_eq!((ended.status, ended.error_code.as_deref()), (ProcessStatus::Canceled, Some("STEP_TIMEOUT")));
}

super::on_both! {
    a_step_timeout_that_passes_while_nothing_runs_is_seen_by_the_next_router,
    a_step_timeout_on_the_way_is_seen_by_the_next_router,
    a_deadline_that_passes_while_nothing_runs_is_seen_by_the_next_router,
    a_reply_in_time_that_nobody_routed_counts,
    after_the_deadline_a_reply_in_time_starts_nothing_more,
    after_the_deadline_the_last_reply_in_time_completes,
    unwinding_goes_on_where_a_router_left_it,
    a_timeout_is_seen_by_a_router_that_sleeps,
}
