//! `#[process]`: what it makes known of a type, and what its table does.

use std::time::Duration;

use commandbus::{
    prelude::*,
    process::{ProcessEntry, ProcessSpec, Step, StepSpec},
};
use serde_json::value::RawValue;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FundsReserved {
    hold: u64,
}

#[command(domain = "macro_accounts", reply = FundsReserved)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds {
    account: u64,
    cents: i64,
}

#[command(domain = "macro_accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds {
    hold: Option<u64>,
}

#[command(domain = "macro_accounts", name = "accounts.debit")]
#[derive(Serialize, Deserialize)]
struct DebitAccount(String);

#[command(domain = "macro_accounts")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[command(domain = "macro_mail")]
#[derive(Serialize, Deserialize)]
struct SendReceipt;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Transfer {
    from: u64,
    cents: i64,
    hold: Option<u64>,
    debits: u8,
    note: String,
}

#[process(
    domain = "macro_processes",
    steps = [reserve, debit, (credit, notify)],
    name = "money.transfer",
    aliases("Transfer", "Payment"),
    deadline = "1h",
    crate = commandbus,
)]
impl Transfer {
    #![allow(clippy::unused_self)]

    const LIMIT: i64 = { 1_000 };

    #[step(timeout = "30s", aliases("hold", "block"))]
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds { account: self.from, cents: self.cents.min(Self::LIMIT) }
    }

    #[on(reserve)]
    fn reserved(&mut self, FundsReserved { hold }: FundsReserved) {
        self.hold = Some(hold);
    }

    #[undo(reserve)]
    fn release(&self) -> ReleaseFunds {
        ReleaseFunds { hold: self.hold }
    }

    #[allow(clippy::needless_arbitrary_self_type, reason = "a long form is a form")]
    fn debit(self: &Self) -> DebitAccount {
        DebitAccount(self.note.clone())
    }

    /// Of several steps, one of which has nothing to say.
    #[on(debit)]
    #[on(credit)]
    fn debited(&mut self, (): ()) {
        self.debits += 1;
    }

    #[undo(debit)]
    #[undo(notify)]
    pub(crate) fn credit(&self) -> CreditAccount {
        CreditAccount
    }

    const fn notify(&self) -> SendReceipt {
        SendReceipt
    }

    fn next(&self, done: TransferStep) -> Next<TransferStep> {
        match done {
            TransferStep::Reserve if self.cents == 0 => Next::Finish,
            TransferStep::Reserve if self.cents < 0 => Next::Step(TransferStep::Notify),
            TransferStep::Debit if self.debits > 3 => Next::undo("TOO_MANY", format!("{} debits", self.debits)),
            _ => Next::Continue,
        }
    }

    fn is_left_alone<T>(&self, _: T) -> u8 {
        self.debits
    }
}

#[derive(Serialize, Deserialize)]
enum Report {
    Monthly,
}

#[process(domain = "macro_processes", steps = [r#move])]
impl Report {
    fn r#move(&self) -> SendReceipt {
        let Self::Monthly = self;
        SendReceipt
    }
}

fn step(name: &str) -> &'static StepSpec<Transfer> {
    &Transfer::SPEC.steps[Transfer::SPEC.step_named(name).unwrap()]
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn ask(process: &Transfer, done: TransferStep) -> Next<usize> {
    (Transfer::SPEC.next.unwrap())(process, done.index())
}

#[test]
fn the_table_is_what_was_written() {
    let spec: &ProcessSpec<Transfer> = Transfer::SPEC;
    assert_eq!((spec.domain.as_str(), spec.name), ("macro_processes", "money.transfer"));
    assert!(spec.answers_to("Payment") && spec.answers_to("Transfer") && !spec.answers_to("Report"));
    assert_eq!(spec.deadline, Some(Duration::from_secs(3600)));
    let steps: Vec<_> = spec.steps.iter().map(|step| (step.name, step.group, step.action.command.name)).collect();
    assert_eq!(
        steps,
        [
            ("reserve", 0, "ReserveFunds"),
            ("debit", 1, "accounts.debit"),
            ("credit", 2, "CreditAccount"),
            ("notify", 2, "SendReceipt"),
        ]
    );
    assert_eq!(
        spec.command_domains().iter().map(|domain| domain.as_str()).collect::<Vec<_>>(),
        ["macro_accounts", "macro_mail"]
    );
}

#[test]
fn the_options_of_a_step_are_its_own() {
    assert_eq!(step("reserve").timeout, Some(Duration::from_secs(30)));
    assert_eq!(step("block").name, "reserve");
    assert_eq!(step("hold").aliases, ["hold", "block"]);
    assert_eq!((step("debit").timeout, step("debit").aliases), (None, [].as_slice()));
    let undone: Vec<_> = Transfer::SPEC
        .steps
        .iter()
        .map(|step| (step.on.is_some(), step.undo.as_ref().map(|undo| undo.command.name)))
        .collect();
    assert_eq!(
        undone,
        [(true, Some("ReleaseFunds")), (true, Some("CreditAccount")), (true, None), (false, Some("CreditAccount"))]
    );
}

#[test]
fn a_type_without_options_has_none() {
    let spec = Report::SPEC;
    assert_eq!((spec.name, spec.aliases.len(), spec.deadline), ("Report", 0, None));
    assert!(spec.next.is_none());
    let [only] = spec.steps else { panic!("{:?}", spec.steps) };
    assert_eq!((only.name, only.group, ReportStep::ALL), ("move", 0, [ReportStep::Move].as_slice()));
    assert_eq!((only.action.prepare)(&Report::Monthly).unwrap().data.get(), "null");
}

#[test]
fn a_step_sends_what_its_method_makes_of_the_state() {
    let transfer = Transfer { from: 7, cents: 5_000, hold: Some(9), ..Transfer::default() };
    assert_eq!((step("reserve").action.prepare)(&transfer).unwrap().data.get(), r#"{"account":7,"cents":1000}"#);
    let undo = step("reserve").undo.as_ref().unwrap();
    assert_eq!((undo.prepare)(&transfer).unwrap().data.get(), r#"{"hold":9}"#);
}

#[test]
fn a_payload_that_cannot_be_stored_is_refused_by_the_name_of_its_command() {
    let transfer = Transfer { note: "a\0b".to_owned(), ..Transfer::default() };
    let error = (step("debit").action.prepare)(&transfer).unwrap_err();
    assert!(error.to_string().contains("`accounts.debit` contains a NUL"), "{error}");
}

#[test]
fn a_reply_is_learned_from() {
    let mut transfer = Transfer::default();
    let on = step("reserve").on.unwrap();
    on(&mut transfer, Some(&raw(r#"{"hold":3}"#))).unwrap();
    assert_eq!(transfer.hold, Some(3));
    assert!(on(&mut transfer, Some(&raw(r#"{"hold":"x"}"#))).is_err(), "of another shape");
    assert!(on(&mut transfer, None).is_err(), "nothing, where a reply is declared");
    assert_eq!(transfer.hold, Some(3));

    let on = step("debit").on.unwrap();
    on(&mut transfer, None).unwrap();
    on(&mut transfer, Some(&raw("null"))).unwrap();
    assert_eq!(transfer.debits, 2);
}

#[test]
fn what_follows_is_said_by_the_place_of_the_step() {
    let transfer = |cents, debits| Transfer { cents, debits, ..Transfer::default() };
    assert_eq!(ask(&transfer(5, 0), TransferStep::Reserve), Next::Continue);
    assert_eq!(ask(&transfer(0, 0), TransferStep::Reserve), Next::Finish);
    assert_eq!(ask(&transfer(-1, 0), TransferStep::Reserve), Next::Step(3));
    assert_eq!(ask(&transfer(5, 4), TransferStep::Debit), Next::undo("TOO_MANY", "4 debits"));
}

#[test]
fn the_steps_are_an_enum_in_the_order_of_the_list() {
    use TransferStep::{Credit, Debit, Notify, Reserve};
    assert_eq!(TransferStep::ALL, [Reserve, Debit, Credit, Notify]);
    assert_eq!(TransferStep::ALL.iter().map(|step| step.index()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(format!("{Debit:?}"), "Debit");
}

#[test]
fn the_methods_stay_callable() {
    let mut transfer = Transfer { from: 1, cents: 2, ..Transfer::default() };
    transfer.reserved(FundsReserved { hold: 4 });
    assert_eq!(transfer.release().hold, Some(4));
    assert_eq!((transfer.reserve().cents, transfer.is_left_alone("x")), (2, 0));
}

#[test]
fn processes_are_linked_with_their_place() {
    let mut linked: Vec<_> = commandbus::__private::inventory::iter::<ProcessEntry>()
        .map(|entry| format!("{entry:?}"))
        .filter(|entry| entry.contains("processes.rs:"))
        .collect();
    linked.sort();
    assert_eq!(linked.len(), 2);
    assert!(linked[0].starts_with("Report (") && linked[1].starts_with("money.transfer ("), "{linked:?}");
}
