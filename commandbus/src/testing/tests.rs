//! `TestProcess` on a process as a person would write it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::TestProcess;
use crate::{
    message::{Command, CommandSpec, envelope::PayloadError},
    process::{Action, Next, Process, ProcessSpec, Step, StepSpec, prepare},
    store::NewCommand,
};

mod looking;
mod messages;

macro_rules! commands {
    ($($name:ident { $($field:ident: $ty:ty),* } -> $reply:ty;)+) => {$(
        #[derive(Debug, Serialize, Deserialize)]
        struct $name { $($field: $ty),* }

        impl Command for $name {
            type Reply = $reply;
            const SPEC: &'static CommandSpec = &CommandSpec::new("accounts", stringify!($name));
        }
    )+};
}

commands! {
    ReserveFunds { cents: i64 } -> FundsReserved;
    ReleaseFunds { hold: u32 } -> ();
    DebitAccount { cents: i64 } -> ();
    RefundAccount { cents: i64 } -> ();
    Notify { who: String } -> ();
}

#[derive(Debug, Serialize, Deserialize)]
struct FundsReserved {
    hold: u32,
}

/// Reserves, debits (again when in instalments), and tells both sides.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Transfer {
    cents: i64,
    instalments: u32,
    hold: Option<u32>,
    #[serde(skip)]
    forgotten: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TransferStep {
    Reserve,
    Debit,
    TellPayer,
    TellPayee,
}

impl Step for TransferStep {
    const ALL: &'static [Self] = &[Self::Reserve, Self::Debit, Self::TellPayer, Self::TellPayee];

    fn index(self) -> usize {
        self as usize
    }
}

fn tell(who: &str) -> Result<NewCommand, PayloadError> {
    prepare(&Notify { who: who.to_owned() })
}

impl Process for Transfer {
    type Step = TransferStep;
    const SPEC: &'static ProcessSpec<Self> = &ProcessSpec::new(
        "transfers",
        "Transfer",
        &[
            StepSpec::new(
                "reserve",
                0,
                Action::new::<ReserveFunds>(|t: &Self| prepare(&ReserveFunds { cents: t.cents })),
            )
            .with_on(|t, result| {
                let reply: FundsReserved = serde_json::from_str(result.map_or("null", RawValue::get))?;
                assert!(reply.hold != 13, "hold 13 is unlucky");
                t.hold = Some(reply.hold);
                t.forgotten = true;
                Ok(())
            })
            .with_undo(Action::new::<ReleaseFunds>(|t: &Self| {
                prepare(&ReleaseFunds { hold: t.hold.unwrap_or_default() })
            })),
            StepSpec::new(
                "debit",
                1,
                Action::new::<DebitAccount>(|t: &Self| prepare(&DebitAccount { cents: t.cents })),
            )
            .with_on(|t, _| {
                t.instalments = t.instalments.saturating_sub(1);
                Ok(())
            })
            .with_timeout(Duration::from_secs(30))
            .with_undo(Action::new::<RefundAccount>(|t: &Self| prepare(&RefundAccount { cents: t.cents }))),
            StepSpec::new("tell_payer", 2, Action::new::<Notify>(|_| tell("payer"))),
            StepSpec::new("tell_payee", 2, Action::new::<Notify>(|_| tell("payee"))),
        ],
    )
    .with_deadline(Duration::from_secs(3600))
    .with_next(|t, done| {
        if done == TransferStep::Debit.index() && t.instalments > 0 {
            return Next::Step(TransferStep::Debit.index());
        }
        if t.cents < 0 { Next::undo("NEGATIVE", "there is nothing to transfer") } else { Next::Continue }
    });
}

fn transfer() -> TestProcess<Transfer> {
    TestProcess::start(Transfer { cents: 5, ..Transfer::default() })
}

/// Funds are reserved; the debit is in flight.
fn reserved() -> TestProcess<Transfer> {
    transfer().expect::<ReserveFunds>().reply(FundsReserved { hold: 7 })
}

#[test]
fn a_refused_step_is_told_as_in_the_documentation() {
    reserved()
        .expect::<DebitAccount>()
        .with(|command| assert_eq!(command.cents, 5))
        .fails("INSUFFICIENT_FUNDS")
        .expect::<ReleaseFunds>()
        .with(|command| assert_eq!(command.hold, 7))
        .reply(())
        .canceled()
        .because("INSUFFICIENT_FUNDS");
}

#[test]
fn commands_of_one_type_are_told_apart_by_their_steps() {
    reserved()
        .expect::<DebitAccount>()
        .reply(())
        .in_flight(&["Notify", "Notify"])
        .expect::<Notify>()
        .with(|command| assert_eq!(command.who, "payer", "the oldest"))
        .unanswered()
        .expect_step::<Notify>("tell_payee")
        .with(|command| assert_eq!(command.who, "payee"))
        .reply(())
        .in_flight(&["Notify"])
        .expect::<Notify>()
        .with(|command| assert_eq!(command.who, "payer"))
        .reply(())
        .in_flight(&[])
        .completed();
}

#[test]
fn a_step_is_repeated_as_often_as_the_process_says() {
    TestProcess::start(Transfer { cents: 5, instalments: 2, ..Transfer::default() })
        .expect::<ReserveFunds>()
        .reply(FundsReserved { hold: 7 })
        .expect::<DebitAccount>()
        .reply(())
        .duplicate()
        .expect::<DebitAccount>()
        .cancels("the account is closed")
        .because("CANCELED")
        .expect::<RefundAccount>()
        .reply(())
        .expect::<ReleaseFunds>()
        .reply(())
        .duplicate()
        .canceled();
}

#[test]
fn a_reply_may_come_after_the_time_was_up() {
    reserved()
        .expect::<DebitAccount>()
        .times_out()
        .because("STEP_TIMEOUT")
        .in_flight(&["DebitAccount"])
        .expect::<DebitAccount>()
        .reply(())
        .expect::<RefundAccount>()
        .fails_with("GONE", "the account is gone")
        .expect::<ReleaseFunds>()
        .reply(())
        .failed()
        .because("STEP_TIMEOUT");
}

#[test]
fn the_deadline_may_pass_and_a_process_may_change_its_mind() {
    transfer().deadline().expect::<ReserveFunds>().cancels("too late").canceled().because("DEADLINE");

    TestProcess::start(Transfer { cents: -5, ..Transfer::default() })
        .expect::<ReserveFunds>()
        .reply(FundsReserved { hold: 7 })
        .expect::<ReleaseFunds>()
        .reply(())
        .compensated()
        .because("NEGATIVE");
}

#[test]
fn the_state_is_what_survives_being_stored() {
    reserved().state(|transfer| {
        assert_eq!(transfer.hold, Some(7));
        assert!(!transfer.forgotten, "it was set, but is not part of what is stored");
    });
}

/// What a failing test says.
fn words(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("this test is to fail");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap()
}
