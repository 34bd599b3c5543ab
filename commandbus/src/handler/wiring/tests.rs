use super::*;
use crate::{
    handler::{Context, FromContext, Handler, State},
    message::Failure,
    prelude::*,
};

#[command(domain = "wiring", aliases("Pay"))]
#[derive(Serialize, Deserialize)]
struct Debit;

#[command(domain = "wiring")]
#[derive(Serialize, Deserialize)]
struct Credit;

#[command(domain = "wiring_elsewhere")]
#[derive(Serialize, Deserialize)]
struct Elsewhere;

/// An empty domain holds the command of no handler.
#[command(domain = "wiring_orphans")]
#[derive(Serialize, Deserialize)]
struct Orphan;

#[derive(Clone)]
struct Ledger;

struct InTransaction;

impl FromContext for InTransaction {
    const NEEDS: &'static [Need] = &[Need::Transaction];

    async fn from_context(_: &Context) -> Result<Self, Failure> {
        Ok(Self)
    }
}

#[handler]
async fn debit(_: Debit, _: State<Ledger>) {}

#[handler]
async fn credit(_: Credit, _: InTransaction) {}

#[handler]
async fn elsewhere(_: Elsewhere) {}

/// Not linked under its own domain's name, or every other test would find it.
fn second_debit() -> HandlerEntry {
    HandlerEntry { name: "wiring::second_debit", line: u32::MAX, ..debit::ENTRY }
}

fn domain(name: &'static str) -> Domain {
    Domain::from_static(name)
}

fn provided() -> Resources {
    let mut resources = Resources::default();
    resources.insert(Ledger);
    resources
}

fn wiring(resources: Resources) -> Wiring {
    Wiring::new(domain("wiring"), resources)
}

#[test]
fn a_command_is_found_by_its_name_and_its_aliases() {
    let registry = wiring(provided()).check().unwrap();
    assert_eq!(registry.handlers().len(), 2);
    for name in ["Debit", "Pay"] {
        assert_eq!(registry.find(name).unwrap().name, debit::ENTRY.name);
    }
    assert!(registry.find("Elsewhere").is_none());
    assert!(registry.find("Credit").unwrap().is_transactional());
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let mut wiring = wiring(Resources::default()).transactions(false);
    wiring.listed = Some([debit::ENTRY, second_debit(), elsewhere::ENTRY].iter().map(HandlerEntry::callable).collect());
    let error = wiring.check().unwrap_err();
    let told = error.to_string();
    assert_eq!(told, format!("{error:?}"), "unwrap reads well");
    let faults = error.faults();
    assert!(matches!(
        faults,
        [
            WiringFault::OtherDomain { command: "Elsewhere", .. },
            WiringFault::TwoHandlers { command: "Debit", .. },
            WiringFault::NotListed { command: Place { name: "Credit", .. }, .. },
            WiringFault::StateNotProvided { .. },
            WiringFault::StateNotProvided { .. },
        ]
    ));
    assert!(told.starts_with("the worker of domain `wiring` cannot start:\n  - "), "{told}");
    assert_eq!(told.lines().count(), 1 + faults.len());
    assert!(told.lines().skip(1).all(|line| line.contains("wiring/tests.rs:")), "{told}");
}

#[test]
fn a_command_may_be_left_to_another_worker() {
    let only_debit = wiring(provided()).handlers(handlers![debit]);
    assert!(matches!(
        only_debit.check().unwrap_err().faults(),
        [WiringFault::NotListed { command: Place { name: "Credit", .. }, handler }] if handler.name == credit::ENTRY.name
    ));
    assert!(only_debit.partial(true).check().is_ok());
}

#[test]
fn a_command_that_nobody_takes_is_found() {
    const FORGOTTEN: &CommandSpec = &CommandSpec::new("wiring", "Forgotten");
    let commands = [CommandEntry { spec: FORGOTTEN, file: "forgotten.rs", line: 7, schemas: None }];
    for wiring in [wiring(provided()), wiring(provided()).handlers(handlers![debit])] {
        let error = wiring.check_against(&commands).unwrap_err();
        assert!(error.to_string().contains("no handler takes `Forgotten` (forgotten.rs:7): write one"), "{error}");
    }
}

#[test]
fn a_transaction_needs_postgresql() {
    let error = wiring(provided()).transactions(false).check().unwrap_err();
    assert!(matches!(error.faults(), [WiringFault::NoTransactions { handler }] if handler.name.ends_with("::credit")));
}

#[test]
fn a_second_transaction_inside_a_parameter_is_found() {
    const TWICE: &[&[Need]] = &[&[Need::Transaction], &[Need::Transaction]];
    let mut wiring = wiring(provided()).partial(true);
    wiring.listed = Some(vec![HandlerEntry { needs: TWICE, ..credit::ENTRY }.callable()]);
    assert!(matches!(wiring.check().unwrap_err().faults(), [WiringFault::TwoTransactions { .. }]));
}

#[test]
fn what_is_not_linked_is_named() {
    let nothing = Wiring::new(domain("wiring_orphans"), Resources::default());
    assert_eq!(
        nothing.check().unwrap_err().to_string(),
        "the worker of domain `wiring_orphans` cannot start:\n  - no handler of domain `wiring_orphans` is linked into \
         this program: name the crate that holds them, `use wiring_orphans as _;` for instance, or list them with \
         `.handlers(handlers![..])`, or give a set of them, `.handlers(set)`"
    );
    assert_eq!(nothing.handlers(handlers![]).check().unwrap_err().faults(), [WiringFault::EmptyList]);
}

#[test]
fn two_commands_cannot_share_a_name() {
    const NAMESAKE: &CommandSpec = &CommandSpec::new("wiring", "Pay");
    let commands = [
        CommandEntry { spec: Debit::SPEC, file: "debit.rs", line: 3, schemas: None },
        CommandEntry { spec: NAMESAKE, file: "pay.rs", line: 5, schemas: None },
    ];
    let error = wiring(provided()).check_against(&commands).unwrap_err();
    assert!(error.to_string().contains("`Debit` (debit.rs:3) and `Pay` (pay.rs:5) both travel as `Pay`"), "{error}");
}
