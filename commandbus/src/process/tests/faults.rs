//! What cannot be taken in changes nothing, and hinders nothing else.

use super::*;
use crate::{
    process::{ProcessEntry, RouteError},
    store::process::ProcessRecord,
};

fn error_of(reaction: &Reaction) -> &RouteError {
    match reaction {
        Reaction::Failed(error) => error,
        other => panic!("it was {other:?}"),
    }
}

#[test]
fn a_reply_that_does_not_decode_fails_alone() {
    let mut run = Run::start(table(&[(0, true), (0, true), (0, true)]));
    let replies = [run.saying("a", r#""one""#), run.saying("b", "2"), run.saying("c", r#""three""#)];
    let routed = run.0.route(&replies, false);
    assert!(matches!(routed.replies[..], [Reaction::Taken, Reaction::Failed(_), Reaction::Taken]), "{routed:?}");
    let error = error_of(&routed.replies[1]);
    assert_eq!(error.code(), "REPLY_UNDECODABLE");
    assert!(error.to_string().starts_with("the reply to step `b` is not what `Scripted` takes:"), "{error}");
    assert_eq!(routed.turn.unwrap().movement.answers.len(), 2);
    assert_eq!((run.waiting().as_str(), run.heard()), ("b", vec!["one".to_owned(), "three".to_owned()]));
}

#[test]
fn a_panic_in_the_code_of_a_process_fails_the_reply_alone() {
    let mut run = Run::start(table(&[(0, true), (0, true)]));
    let replies = [run.saying("a", r#""panic""#), run.saying("b", r#""two""#)];
    let routed = run.0.route(&replies, false);
    assert!(matches!(routed.replies[..], [Reaction::Failed(_), Reaction::Taken]), "{routed:?}");
    assert_eq!(
        error_of(&routed.replies[0]).to_string(),
        "taking in the reply to step `a` of `Scripted` panicked: these words are too much"
    );
    assert_eq!((run.waiting().as_str(), run.heard()), ("a", vec!["two".to_owned()]));
}

#[test]
fn a_branch_out_of_the_table_fails_the_reply() {
    let mut run = Run::of(row(2), &Scripted::branching(&[(1, Branch::Step(9))]));
    let reply = run.saying("a", r#""one""#);
    let routed = run.0.route(&[reply], false);
    assert_eq!(error_of(&routed.replies[0]).code(), "NO_SUCH_STEP");
    assert!(routed.turn.is_none());
    assert_eq!((run.waiting().as_str(), run.heard().len()), ("a", 0));
}

#[test]
fn a_state_that_cannot_be_stored_fails_the_reply() {
    let mut run = Run::start(row(2));
    let reply = run.saying("a", r#""with a NUL: \u0000""#);
    let routed = run.0.route(&[reply], false);
    let error = error_of(&routed.replies[0]);
    assert_eq!(error.code(), "PAYLOAD");
    assert!(error.to_string().contains("NUL character"), "{error}");
}

#[test]
fn a_state_of_another_time_fails_every_reply_that_matters() {
    let mut run = Run::start(table(&[(0, true), (0, true)]));
    run.succeed(&["b"]);
    let answered = run.0.sent[1].command.command_id;
    run.0.record.state = RawValue::from_string(r#"{"heard":7}"#.to_owned()).unwrap();
    let replies = [run.saying("a", r#""one""#), run.reply(answered, Outcome::Success)];
    let routed = run.0.route(&replies, true);
    assert!(
        matches!(routed.replies[..], [Reaction::Failed(_), Reaction::Stray(StrayReplyReason::Duplicate)]),
        "{routed:?}"
    );
    assert_eq!(error_of(&routed.replies[0]).code(), "STATE_UNDECODABLE");
    assert_eq!(routed.due_error.unwrap().code(), "STATE_UNDECODABLE");
    assert!(routed.turn.is_none());
}

#[test]
fn a_step_that_is_gone_fails_the_reply() {
    let mut run = Run::start(row(2));
    run.0.record.steps[0].step_name = "gone".to_owned();
    let reply = run.saying("a", r#""one""#);
    let routed = run.0.route(&[reply], false);
    let error = error_of(&routed.replies[0]);
    assert_eq!(error.code(), "UNKNOWN_STEP");
    assert!(error.to_string().contains("has no step `gone`"), "{error}");
}

#[test]
fn a_step_is_known_by_its_former_name() {
    const STEPS: &[StepSpec<Scripted>] =
        &[StepSpec::new("a", 0, ACT).with_aliases(&["alpha"]).with_undo(ACT), StepSpec::new("b", 1, ACT)];
    const SPEC: &ProcessSpec<Scripted> = &ProcessSpec::new("flows", "Scripted", STEPS);
    let mut run = Run::start(SPEC);
    run.0.record.steps[0].step_name = "alpha".to_owned();
    run.succeed(&["a"]).answer("b", Outcome::Failed).succeed(&["-a"]);
    assert_eq!((run.sent().as_str(), run.status()), ("a b -a", ProcessStatus::Canceled));
}

#[test]
fn a_panic_while_a_process_is_due_is_told_and_changes_nothing() {
    const ANGRY: Action<Scripted> = Action::new::<Act>(|_| panic!("no way {}", "back"));
    const STEPS: &[StepSpec<Scripted>] =
        &[StepSpec::new("a", 0, ACT).with_undo(ANGRY), StepSpec::new("b", 1, ACT).with_timeout(TIMEOUT)];
    const SPEC: &ProcessSpec<Scripted> = &ProcessSpec::new("flows", "Scripted", STEPS);
    let mut run = Run::start(SPEC);
    run.succeed(&["a"]);
    let ended = run.in_flight("b");
    run.0.record_of(ended).unwrap().is_overdue = true;
    let failed = run.reply(ended, Outcome::Failed);
    let routed = run.0.route(&[failed], true);
    assert_eq!(
        error_of(&routed.replies[0]).to_string(),
        "the command of the undo of step `a` of `Scripted` panicked: no way back"
    );
    let turn = routed.turn.expect("that it is late can be seen to without the reply");
    assert_eq!((turn.movement.status, turn.cancels.len()), (ProcessStatus::Compensating, 1));

    // Nothing is left to wait for, and the undo cannot be sent.
    run.0.record_of(ended).unwrap().outcome = Some(Outcome::Canceled);
    let routed = run.0.route(&[], true);
    assert_eq!(routed.due_error.unwrap().code(), "PANIC");
    assert!(routed.turn.is_none());
}

#[test]
fn what_another_implementation_turned_back_goes_on_so() {
    let mut run = Run::start(row(2));
    run.succeed(&["a"]);
    run.0.record.status = ProcessStatus::Compensating;
    run.answer("b", Outcome::Canceled).succeed(&["-a"]);
    assert_eq!((run.sent().as_str(), run.status()), ("a b -a", ProcessStatus::Canceled));
}

#[test]
fn an_entry_moves_a_process_of_its_type() {
    const ENTRY: ProcessEntry = ProcessEntry::of::<Scripted>("here.rs", 7);
    assert_eq!(
        (ENTRY.domain.as_str(), ENTRY.name, format!("{ENTRY:?}").as_str()),
        ("flows", "Scripted", "Scripted (here.rs:7)")
    );
    assert!(ENTRY.answers_to("Scripted") && ENTRY.answers_to("Written") && !ENTRY.answers_to("Act"));
    assert_eq!((ENTRY.command_domains)(), [&"work".parse().unwrap()]);

    let mut run = Run::start(Scripted::SPEC);
    let record: ProcessRecord = run.0.record.clone();
    let reply = run.saying("a", r#""one""#);
    let turn = (ENTRY.route)(&record, &[reply], false).turn.unwrap();
    assert_eq!(turn.movement.status, ProcessStatus::Completed);
}
