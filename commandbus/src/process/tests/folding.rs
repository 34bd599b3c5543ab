//! Several replies at once, and replies that change nothing.

use super::*;

#[test]
fn replies_of_one_process_make_one_move() {
    let mut run = Run::start(table(&[(0, true), (0, true), (1, true)]));
    let (a, b) = (run.in_flight("a"), run.in_flight("b"));
    let replies = [run.reply(b, Outcome::Success), run.reply(a, Outcome::Success)];
    let turn = run.0.route(&replies, false).turn.unwrap();
    assert_eq!(turn.movement.revision, 0);
    let answers: Vec<_> = turn.movement.answers.iter().map(|answer| (answer.msg_id, answer.command_id)).collect();
    assert_eq!(answers, [(1, b), (2, a)]);
    assert_eq!(turn.movement.current_step.as_deref(), Some("c"));
    assert_eq!((run.waiting().as_str(), run.heard().len()), ("c", 2));
}

#[test]
fn a_failure_and_a_late_success_at_once_are_undone_in_the_same_move() {
    for failed_first in [true, false] {
        let mut run = Run::start(table(&[(0, true), (0, true)]));
        let (a, b) = (run.in_flight("a"), run.in_flight("b"));
        let mut replies = [run.reply(b, Outcome::Failed), run.reply(a, Outcome::Success)];
        if !failed_first {
            replies.reverse();
        }
        let turn = run.0.route(&replies, false).turn.unwrap();
        assert!(turn.cancels.is_empty(), "nothing is in flight that could be canceled");
        assert_eq!((run.sent().as_str(), run.waiting().as_str()), ("a b -a", "-a"));
    }
}

#[test]
fn a_reply_goes_before_the_deadline_that_passed_meanwhile() {
    let mut run = Run::start(row(1));
    let a = run.in_flight("a");
    run.0.record.is_overdue = true;
    let reply = run.reply(a, Outcome::Success);
    assert_eq!(run.0.route(&[reply], true).turn.unwrap().movement.status, ProcessStatus::Completed);
}

#[test]
fn a_second_reply_is_a_duplicate() {
    let mut run = Run::start(row(2));
    let a = run.in_flight("a");
    let once = run.reply(a, Outcome::Success);
    let again = run.reply(a, Outcome::Failed);
    let routed = run.0.route(&[once, again.clone()], false);
    assert!(
        matches!(routed.replies[..], [Reaction::Taken, Reaction::Stray(StrayReplyReason::Duplicate)]),
        "in one group: {routed:?}"
    );
    assert_eq!(routed.turn.unwrap().movement.answers.len(), 1);
    let routed = run.0.route(&[again], false);
    assert!(is_stray(&routed, StrayReplyReason::Duplicate), "in another: {routed:?}");
    assert_eq!(run.waiting(), "b");
}

#[test]
fn a_reply_to_what_was_not_sent_is_foreign() {
    let mut run = Run::start(row(1));
    let reply = run.reply(CommandId::new(), Outcome::Failed);
    let routed = run.0.route(&[reply], false);
    assert!(is_stray(&routed, StrayReplyReason::Foreign), "{routed:?}");
}

#[test]
fn what_comes_after_the_end_is_late() {
    let mut run = Run::start(row(1));
    let a = run.in_flight("a");
    run.answer("a", Outcome::Success);
    let reply = run.reply(a, Outcome::Failed);
    let routed = run.0.route(&[reply], true);
    assert!(is_stray(&routed, StrayReplyReason::Late), "{routed:?}");
    assert_eq!(run.status(), ProcessStatus::Completed);
}

#[test]
fn a_process_that_is_due_for_nothing_moves_all_the_same() {
    let mut run = Run::start(row(1));
    let turn = run.0.route(&[], true).turn.expect("else it would be due for ever");
    assert_eq!(turn.movement.status, ProcessStatus::WaitingForReply);
    assert!(turn.movement.steps.is_empty() && turn.cancels.is_empty());
    assert!(run.0.route(&[], false).turn.is_none());
}

#[test]
fn what_a_reply_said_is_kept() {
    let mut run = Run::start(table(&[(0, false), (0, false), (0, false)]));
    let (a, b, c) = (run.in_flight("a"), run.in_flight("b"), run.in_flight("c"));
    let replies = [run.reply(a, Outcome::Success), run.reply(b, Outcome::Failed), run.reply(c, Outcome::Canceled)];
    let answers = run.0.route(&replies, false).turn.unwrap().movement.answers;
    let data: Vec<_> = answers.into_iter().map(|answer| answer.data.unwrap()).collect();
    assert_eq!(
        data,
        [
            serde_json::json!("well"),
            serde_json::json!({"error_code": "NO", "error_message": "no"}),
            serde_json::json!({"reason": "not today"}),
        ]
    );
}
