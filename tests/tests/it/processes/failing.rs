//! Each step fails in each way, and so does each undo.

use std::time::Duration;

use commandbus::message::ProcessStatus;

use super::{
    hall::{ABROAD, HOME, Hall, case},
    order::{Does, Order},
};

/// What an order sends when a step was refused or canceled: what was done before it is undone.
const REFUSED: [(&str, &str); 5] = [
    ("reserve", "reserve"),
    ("debit", "reserve debit -reserve"),
    ("credit", "reserve debit credit notify -notify -debit -reserve"),
    ("notify", "reserve debit credit notify -credit -debit -reserve"),
    ("close", "reserve debit credit notify close -notify -credit -debit -reserve"),
];

/// What it sends when a step that runs was too late: it is waited for, and undone too.
const LATE: [(&str, &str); 5] = [
    ("reserve", "reserve -reserve"),
    ("debit", "reserve debit -debit -reserve"),
    ("credit", "reserve debit credit notify -notify -credit -debit -reserve"),
    ("notify", "reserve debit credit notify -notify -credit -debit -reserve"),
    ("close", "reserve debit credit notify close -close -notify -credit -debit -reserve"),
];

/// What it sends when all was done and is to be undone, whichever undo fails.
const ALL: &str = "reserve debit credit notify close -close -notify -credit -debit -reserve";

const UNDOS: [&str; 5] = ["-close", "-notify", "-credit", "-debit", "-reserve"];

async fn ends(hall: &Hall, id: commandbus::message::ProcessId, sent: &str, status: ProcessStatus, cause: (&str, &str)) {
    let ended = hall.end(id).await;
    assert_eq!(hall.sent(id).await, sent);
    assert_eq!(ended.status, status);
    assert_eq!((ended.error_code.as_deref(), ended.error_message.as_deref()), (Some(cause.0), Some(cause.1)));
}

async fn a_step_that_is_refused_takes_back_what_was_done(hall: &Hall) {
    hall.open();
    for (step, sent) in REFUSED {
        case(step, async {
            let id = hall.start(Order::default().doing(step, Does::Refuse.once_let())).await;
            hall.until_only(id, step).await;
            hall.stage.open(step, 1);
            ends(hall, id, sent, ProcessStatus::Canceled, ("NO_COVER", "there is not enough")).await;
        })
        .await;
    }
    hall.check_all_taken().await;
}

async fn a_parked_step_that_is_canceled_takes_back_what_was_done(hall: &Hall) {
    hall.open();
    for (step, sent) in REFUSED {
        case(step, async {
            let id = hall.start(Order::default().doing(step, Does::park())).await;
            let parked = hall.until_only(id, step).await;
            assert_eq!(hall.until_parked(id, step).await, parked);
            let domain =
                hall.steps(id).await.iter().find(|sent| sent.command_id == parked).unwrap().command_domain.clone();
            let operator = hall.bus.troubleshooting().by("olga");
            operator.cancel(&domain.unwrap(), parked, "not this one").await.unwrap();
            ends(hall, id, sent, ProcessStatus::Canceled, ("CANCELED", "not this one")).await;
        })
        .await;
    }
    hall.check_all_taken().await;
}

async fn a_step_that_is_late_takes_back_what_was_done_and_itself(hall: &Hall) {
    hall.open();
    for (step, sent) in LATE {
        case(step, async {
            let id = hall.start(Order::default().doing(step, Does::wait())).await;
            hall.until_only(id, step).await;
            hall.harness.pass_time(Duration::from_secs(301)).await;
            hall.until_status(id, ProcessStatus::Compensating).await;
            hall.stage.open(step, 1);
            let message = format!("step `{step}` had no reply within 300s");
            ends(hall, id, sent, ProcessStatus::Canceled, ("STEP_TIMEOUT", &message)).await;
        })
        .await;
    }
    hall.check_all_taken().await;
}

async fn a_deadline_takes_back_what_was_done_and_what_still_runs(hall: &Hall) {
    hall.open();
    for (step, sent) in LATE {
        case(step, async {
            let id = hall.start(Order::default().doing(step, Does::wait())).await;
            hall.until_only(id, step).await;
            // The step is late by then as well; the deadline is what is told.
            hall.harness.pass_time(Duration::from_secs(3601)).await;
            hall.until_status(id, ProcessStatus::Compensating).await;
            hall.stage.open(step, 1);
            let cause = ("DEADLINE", "the process did not end within 3600s");
            ends(hall, id, sent, ProcessStatus::Canceled, cause).await;
        })
        .await;
    }
    hall.check_all_taken().await;
}

async fn a_process_that_regrets_is_compensated(hall: &Hall) {
    hall.open();
    let id = hall.start(Order::regretted()).await;
    ends(hall, id, ALL, ProcessStatus::Compensated, ("REGRETTED", "on second thoughts")).await;
    let heard = hall.heard(id).await;
    assert_eq!((heard.len(), heard[4].as_str()), (5, "close"), "what undos answer is not learned from");
    hall.check_all_taken().await;
}

async fn an_undo_that_is_refused_lets_the_rest_be_undone_and_the_process_fail(hall: &Hall) {
    hall.open();
    for undo in UNDOS {
        case(undo, async {
            let id = hall.start(Order::regretted().doing(undo, Does::Refuse)).await;
            ends(hall, id, ALL, ProcessStatus::Failed, ("REGRETTED", "on second thoughts")).await;
        })
        .await;
    }
    hall.check_all_taken().await;
}

async fn a_parked_undo_that_is_canceled_lets_the_rest_be_undone_and_the_process_fail(hall: &Hall) {
    hall.open();
    for undo in UNDOS {
        case(undo, async {
            let id = hall.start(Order::regretted().doing(undo, Does::park())).await;
            let parked = hall.until_parked(id, undo).await;
            let domain = if ["-debit", "-notify"].contains(&undo) { &ABROAD } else { &HOME };
            hall.bus.troubleshooting().by("olga").cancel(domain, parked, "leave it").await.unwrap();
            ends(hall, id, ALL, ProcessStatus::Failed, ("REGRETTED", "on second thoughts")).await;
        })
        .await;
    }
    hall.check_all_taken().await;
}

async fn a_failed_undo_of_a_failed_process_keeps_the_first_cause(hall: &Hall) {
    hall.open();
    let order = Order::default().doing("close", Does::Refuse).doing("-debit", Does::Refuse);
    let id = hall.start(order).await;
    let sent = "reserve debit credit notify close -notify -credit -debit -reserve";
    ends(hall, id, sent, ProcessStatus::Failed, ("NO_COVER", "there is not enough")).await;
    hall.check_all_taken().await;
}

super::on_both! {
    a_step_that_is_refused_takes_back_what_was_done,
    a_parked_step_that_is_canceled_takes_back_what_was_done,
    a_step_that_is_late_takes_back_what_was_done_and_itself,
    a_deadline_takes_back_what_was_done_and_what_still_runs,
    a_process_that_regrets_is_compensated,
    an_undo_that_is_refused_lets_the_rest_be_undone_and_the_process_fail,
    a_parked_undo_that_is_canceled_lets_the_rest_be_undone_and_the_process_fail,
    a_failed_undo_of_a_failed_process_keeps_the_first_cause,
}
