//! From step to step.

use super::*;

#[test]
fn steps_are_sent_one_after_the_other() {
    let mut run = Run::start(row(3));
    for (name, sent) in [("a", "a b"), ("b", "a b c"), ("c", "a b c")] {
        assert_eq!(run.waiting(), name);
        run.answer(name, Outcome::Success);
        assert_eq!(run.sent(), sent);
    }
    assert_eq!((run.status(), run.code()), (ProcessStatus::Completed, None));
    assert_eq!(run.heard(), ["well"; 3]);
    assert_eq!(run.0.sent.iter().map(|sent| sent.visit).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_command_carries_what_brings_its_reply_back() {
    let mut run = Run::start(row(2));
    run.succeed(&["a"]);
    for (heard, sent) in run.0.sent.iter().enumerate() {
        let command = &sent.command;
        assert_eq!(command.correlation_id, run.0.record.process_id.as_uuid());
        assert_eq!(command.reply_to.as_deref(), Some("flows__process_replies"));
        assert_eq!((sent.domain.as_str(), &*command.command_type, command.max_attempts), ("work", "Act", 7));
        assert_eq!(command.data.get(), format!(r#"{{"heard":{heard}}}"#), "made from the state as it is then");
        assert_eq!(sent.timeout, Some(TIMEOUT));
    }
}

#[test]
fn a_group_is_sent_together_and_joined() {
    let mut run = Run::start(table(&[(0, true), (1, true), (1, true), (2, true)]));
    run.succeed(&["a"]);
    assert_eq!(run.waiting(), "b c");
    run.succeed(&["c"]);
    assert_eq!(run.waiting(), "b", "nothing is sent before the last of the group has replied");
    run.succeed(&["b"]);
    assert_eq!(run.waiting(), "d");
    assert_eq!(run.0.sent.iter().map(|sent| sent.visit).collect::<Vec<_>>(), [1, 2, 2, 3]);
}

#[test]
fn a_group_is_asked_once_with_its_first_member() {
    const STEPS: &[StepSpec<Scripted>] =
        &[StepSpec::new("a", 0, ACT), StepSpec::new("b", 1, ACT), StepSpec::new("c", 1, ACT)];
    const SPEC: &ProcessSpec<Scripted> =
        &ProcessSpec::new("flows", "Scripted", STEPS).with_next(|_, done| match done {
            0 => Next::Continue,
            1 => Next::Step(0),
            _ => Next::undo("ASKED", "with another member"),
        });
    let mut run = Run::start(SPEC);
    let a = run.in_flight("a");
    let reply = run.reply(a, Outcome::Success);
    let turn = run.0.route(&[reply], false).turn.unwrap();
    assert_eq!(turn.movement.current_step.as_deref(), Some("b"));
    run.succeed(&["b", "c"]);
    assert_eq!((run.waiting().as_str(), run.code()), ("a", None), "once, and with the first: {}", run.sent());
}

#[test]
fn a_process_branches_repeats_and_finishes_as_it_says() {
    let skips = Scripted::branching(&[(1, Branch::Step(2))]);
    let mut run = Run::of(row(3), &skips);
    run.succeed(&["a", "c"]);
    assert_eq!((run.sent().as_str(), run.status()), ("a c", ProcessStatus::Completed));

    let repeats = Scripted::branching(&[(1, Branch::Step(0)), (2, Branch::Step(0))]);
    let mut run = Run::of(row(2), &repeats);
    run.succeed(&["a", "a", "a", "b"]);
    assert_eq!((run.sent().as_str(), run.status()), ("a a a b", ProcessStatus::Completed));

    let finishes = Scripted::branching(&[(1, Branch::Finish)]);
    let mut run = Run::of(row(3), &finishes);
    run.succeed(&["a"]);
    assert_eq!((run.sent().as_str(), run.status()), ("a", ProcessStatus::Completed));
}

#[test]
fn a_branch_to_one_of_a_group_sends_all_of_it() {
    let to_the_group = Scripted::branching(&[(1, Branch::Step(3))]);
    let mut run = Run::of(table(&[(0, true), (1, true), (2, true), (2, true)]), &to_the_group);
    run.succeed(&["a"]);
    assert_eq!(run.sent(), "a c d");
    run.succeed(&["d", "c"]);
    assert_eq!(run.status(), ProcessStatus::Completed);
}

#[test]
fn every_repetition_is_undone() {
    let repeats = Scripted::branching(&[(1, Branch::Step(0)), (3, Branch::Undo)]);
    let mut run = Run::of(row(2), &repeats);
    run.succeed(&["a", "a", "b", "-b", "-a", "-a"]);
    assert_eq!(run.sent(), "a a b -b -a -a");
    assert_eq!(run.status(), ProcessStatus::Compensated);
    let undoes = |sent: &NewStep| match sent.role {
        StepRole::Undo { undoes } => Some(undoes),
        StepRole::Step => None,
    };
    let undone: Vec<_> = run.0.sent.iter().filter_map(undoes).collect();
    let done: Vec<_> = run.0.sent[..3].iter().rev().map(|sent| sent.command.command_id).collect();
    assert_eq!(undone, done, "each of them, the newest first");
}

#[test]
fn nothing_more_is_begun_after_the_deadline() {
    let mut run = Run::start(row(2));
    run.0.record.is_overdue = true;
    run.succeed(&["a", "-a"]);
    assert_eq!(run.sent(), "a -a");
    assert_eq!((run.status(), run.code()), (ProcessStatus::Canceled, Some("DEADLINE")));

    let mut run = Run::start(row(1));
    run.0.record.is_overdue = true;
    run.succeed(&["a"]);
    assert_eq!(run.status(), ProcessStatus::Completed, "what is done is done");
}
