//! What a test that fails is told.

use super::*;

#[test]
fn what_was_expected_what_is_and_how_it_came_to_that() {
    let words = words(|| drop(reserved().expect::<DebitAccount>().times_out().expect::<RefundAccount>()));
    assert_eq!(
        words,
        "expected `RefundAccount` in flight, but `Transfer` is COMPENSATING because of STEP_TIMEOUT (step `debit` had no \
         reply within 30s), with `DebitAccount` (step `debit`) in flight. So far:\n  \
         sent `ReserveFunds` (step `reserve`)\n  \
         `ReserveFunds` (step `reserve`) succeeded\n  \
         sent `DebitAccount` (step `debit`)\n  \
         `DebitAccount` (step `debit`) timed out\n  \
         asked to cancel `DebitAccount` (step `debit`), if it has not run yet"
    );
}

#[test]
fn an_end_that_is_another() {
    let failed = || reserved().expect::<DebitAccount>().fails("NO").expect::<ReleaseFunds>().reply(());
    let text = words(|| drop(failed().completed()));
    assert!(
        text.starts_with("expected the process to be COMPLETED, but `Transfer` is CANCELED because of NO"),
        "{text}"
    );
    assert!(text.contains("with nothing in flight"), "{text}");
    assert!(text.contains("`ReleaseFunds` (undo of `reserve`) succeeded"), "{text}");
    let text = words(|| drop(failed().because("YES")));
    assert!(text.starts_with("expected the cause YES, but `Transfer` is CANCELED because of NO"), "{text}");
    for wrong in [TestProcess::compensated, TestProcess::failed, TestProcess::completed] {
        words(|| drop(wrong(failed())));
    }
    words(|| drop(reserved().canceled()));
}

#[test]
fn a_command_of_another_step_or_number() {
    let text = words(|| drop(reserved().expect_step::<DebitAccount>("reserve")));
    assert!(text.starts_with("expected `DebitAccount` of step `reserve` in flight, but"), "{text}");
    let text = words(|| drop(reserved().in_flight(&[])));
    assert!(text.starts_with("expected [] in flight, but"), "{text}");
    words(|| drop(reserved().in_flight(&["ReserveFunds"])));
}

#[test]
fn a_panic_of_the_process() {
    let text = words(|| drop(transfer().expect::<ReserveFunds>().reply(FundsReserved { hold: 13 })));
    assert!(
        text.starts_with(
            "the process could not be moved: taking in the reply to step `reserve` of `Transfer` panicked: hold 13 is unlucky"
        ),
        "{text}"
    );
}

#[test]
fn what_cannot_happen() {
    let text = words(|| drop(transfer().expect::<ReserveFunds>().times_out()));
    assert!(text.starts_with("`ReserveFunds` (step `reserve`) has no timeout, but"), "{text}");
    let text = words(|| drop(transfer().duplicate()));
    assert!(text.starts_with("there was no reply yet to deliver twice, but"), "{text}");
}

/// Writes what it cannot read.
#[derive(Debug, Serialize, Deserialize)]
struct OneWay {
    #[serde(skip_serializing)]
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Only;

impl Step for Only {
    const ALL: &'static [Self] = &[Self];

    fn index(self) -> usize {
        0
    }
}

impl Process for OneWay {
    type Step = Only;
    const SPEC: &'static ProcessSpec<Self> = &ProcessSpec::new(
        "transfers",
        "OneWay",
        &[StepSpec::new("tell", 0, Action::new::<Notify>(|process: &Self| tell(&process.name)))],
    );
}

#[test]
fn a_state_that_does_not_survive_being_stored() {
    let start = || TestProcess::start(OneWay { name: "payer".to_owned() });
    let text = words(|| drop(start().expect::<Notify>().reply(())));
    assert!(text.contains("the stored state is not a `OneWay`: missing field `name`"), "{text}");
    let text = words(|| drop(start().state(|_| ())));
    assert!(text.starts_with("the state does not survive being stored: missing field `name`"), "{text}");
    let text = words(|| drop(start().deadline()));
    assert!(text.starts_with("`OneWay` has no deadline that could pass, but"), "{text}");
}

#[test]
fn a_process_that_cannot_be_started() {
    let text = words(|| drop(TestProcess::start(OneWay { name: "pay\0er".to_owned() })));
    assert!(text.starts_with("`OneWay` cannot be started: the payload of `Notify` contains a NUL"), "{text}");
}
