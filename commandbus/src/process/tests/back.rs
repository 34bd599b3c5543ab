//! The way back: whatever ends the way forward, wherever.

use super::*;
use crate::store::process::ProcessMove;

/// `a b` or `-b -a`: the first so many steps, or all of them taken back.
fn done(count: usize) -> String {
    NAMES[..count].join(" ")
}

fn undone(count: usize) -> String {
    NAMES[..count].iter().rev().map(|name| format!("-{name}")).collect::<Vec<_>>().join(" ")
}

fn path(forward: usize, back: usize) -> String {
    format!("{} {}", done(forward), undone(back)).trim().to_owned()
}

/// Answers every undo, but this one with another outcome.
fn unwind(run: &mut Run, except: Option<(&str, Outcome)>) {
    while !run.status().is_terminal() {
        assert!(run.0.sent.len() < 20, "it goes on and on: {}", run.sent());
        let name = run.waiting();
        assert!(name.starts_with('-') && !name.contains(' '), "one undo at a time, and nothing else: {name}");
        let outcome = except.filter(|(other, _)| *other == name).map_or(Outcome::Success, |(_, outcome)| outcome);
        run.answer(&name, outcome);
    }
}

/// A row of so many steps, of which this one is in flight.
fn run_to(length: usize, at: usize) -> Run {
    let mut run = Run::start(row(length));
    run.succeed(&NAMES[..at]);
    run
}

#[test]
fn a_step_that_does_not_succeed_takes_back_those_before_it() {
    for length in 1..=4 {
        for (at, name) in NAMES.iter().enumerate().take(length) {
            for (outcome, code) in [(Outcome::Failed, "NO"), (Outcome::Canceled, "CANCELED")] {
                let mut run = run_to(length, at);
                run.answer(name, outcome);
                unwind(&mut run, None);
                assert_eq!(run.sent(), path(at + 1, at));
                assert_eq!((run.status(), run.code()), (ProcessStatus::Canceled, Some(code)));
            }
        }
    }
}

#[test]
fn what_is_late_is_taken_back_once_it_is_known_how_it_ended() {
    for length in 1..=4 {
        for (at, name) in NAMES.iter().enumerate().take(length) {
            for outcome in [Outcome::Success, Outcome::Failed, Outcome::Canceled] {
                for code in ["STEP_TIMEOUT", "DEADLINE"] {
                    let mut run = run_to(length, at);
                    let routed = if code == "DEADLINE" { run.pass_deadline() } else { run.time_out(name) };
                    let turn = routed.turn.unwrap();
                    assert_eq!(turn.cancels, [("work".parse().unwrap(), run.in_flight(name))]);
                    assert_eq!(turn.movement.look_again, Some(Duration::from_secs(15)));
                    assert_eq!(turn.movement.status, ProcessStatus::Compensating);
                    assert_eq!(run.sent(), done(at + 1), "nothing is undone while a step is in flight");

                    run.answer(name, outcome);
                    unwind(&mut run, None);
                    let to_undo = if outcome == Outcome::Success { at + 1 } else { at };
                    assert_eq!(run.sent(), path(at + 1, to_undo));
                    assert_eq!((run.status(), run.code()), (ProcessStatus::Canceled, Some(code)));
                }
            }
        }
    }
}

#[test]
fn an_undo_that_does_not_succeed_hinders_no_other() {
    for length in 2..=4 {
        for name in &NAMES[..length - 1] {
            for outcome in [Outcome::Failed, Outcome::Canceled] {
                let mut run = run_to(length, length - 1);
                run.answer(NAMES[length - 1], Outcome::Failed);
                unwind(&mut run, Some((&format!("-{name}"), outcome)));
                assert_eq!(run.sent(), path(length, length - 1), "every undo is sent once");
                assert_eq!((run.status(), run.code()), (ProcessStatus::Failed, Some("NO")), "the cause is kept");
            }
        }
    }
}

#[test]
fn a_process_that_chooses_to_undo_ends_compensated() {
    for at in 1..=3 {
        let mut run = Run::of(row(3), &Scripted::branching(&[(at, Branch::Undo)]));
        run.succeed(&NAMES[..at]);
        unwind(&mut run, None);
        assert_eq!(run.sent(), path(at, at));
        assert_eq!((run.status(), run.code()), (ProcessStatus::Compensated, Some("CHANGED_MIND")));
        let (_, message) = run.0.record.cause.clone().unwrap();
        assert_eq!(message, "it\u{fffd}changed its mind", "PostgreSQL has no room for a NUL");

        let mut run = Run::of(row(3), &Scripted::branching(&[(at, Branch::Undo)]));
        run.succeed(&NAMES[..at]);
        unwind(&mut run, Some(("-a", Outcome::Failed)));
        assert_eq!(run.status(), ProcessStatus::Failed);
    }
}

#[test]
fn steps_without_an_undo_are_passed_over() {
    let mut run = Run::start(table(&[(0, true), (1, false), (2, true), (3, false)]));
    run.succeed(&["a", "b", "c"]).answer("d", Outcome::Failed);
    unwind(&mut run, None);
    assert_eq!(run.sent(), "a b c d -c -a");

    let mut run = Run::start(table(&[(0, false), (1, false)]));
    run.succeed(&["a"]).answer("b", Outcome::Failed);
    assert_eq!((run.sent().as_str(), run.status()), ("a b", ProcessStatus::Canceled));
}

#[test]
fn the_siblings_of_a_failed_step_are_waited_for_and_undone_where_they_succeeded() {
    let spec = table(&[(0, true), (1, true), (1, true), (1, true)]);
    let mut run = Run::start(spec);
    run.succeed(&["a", "b"]);
    let (c, d) = (run.in_flight("c"), run.in_flight("d"));
    let failed = run.reply(c, Outcome::Failed);
    let turn = run.0.route(&[failed], false).turn.unwrap();
    assert_eq!(turn.cancels, [("work".parse().unwrap(), d)]);
    assert_eq!(run.waiting(), "d");

    run.answer("d", Outcome::Success);
    unwind(&mut run, None);
    assert_eq!(run.sent(), "a b c d -d -b -a", "the last of the list first, whatever replied first");
    assert_eq!(run.heard().len(), 3, "a late success is heard, too");
}

#[test]
fn the_first_cause_stays() {
    let mut run = Run::start(table(&[(0, true), (0, true), (0, true)]));
    run.answer("b", Outcome::Failed);
    run.time_out("a");
    run.pass_deadline();
    run.answer("c", Outcome::Failed);
    run.answer("a", Outcome::Canceled);
    assert_eq!((run.status(), run.code()), (ProcessStatus::Canceled, Some("NO")));
}

#[test]
fn the_deadline_goes_before_a_timeout() {
    let mut run = Run::start(row(1));
    run.0.record.is_overdue = true;
    run.time_out("a");
    let cause = run.0.record.cause.clone().unwrap();
    assert_eq!(cause, ("DEADLINE".into(), "the process did not end within 3600s".into()));

    let mut run = Run::start(row(1));
    run.time_out("a");
    let cause = run.0.record.cause.clone().unwrap();
    assert_eq!(cause, ("STEP_TIMEOUT".into(), "step `a` had no reply within 30s".into()));
}

#[test]
fn what_was_not_canceled_is_canceled_again() {
    let mut run = Run::start(row(1));
    let first = run.time_out("a").turn.unwrap();
    let second = run.0.route(&[], true).turn.unwrap();
    assert_eq!(second.cancels, first.cancels);
    assert_eq!(second.movement.look_again, first.movement.look_again);
    let ProcessMove { answers, steps, .. } = second.movement;
    assert!(answers.is_empty() && steps.is_empty());
}

#[test]
fn an_undo_is_waited_for_as_long_as_it_takes() {
    let mut run = Run::start(row(2));
    run.succeed(&["a"]).answer("b", Outcome::Failed);
    assert_eq!(run.0.sent.last().unwrap().timeout, None);
    run.time_out("-a");
    let turn = run.pass_deadline().turn.unwrap();
    assert!(turn.cancels.is_empty() && turn.movement.look_again.is_none(), "an undo is not canceled");
    run.succeed(&["-a"]);
    assert_eq!((run.status(), run.code()), (ProcessStatus::Canceled, Some("NO")));
}
