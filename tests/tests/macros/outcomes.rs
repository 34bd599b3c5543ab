//! What a handler may return, and what each of it means.

use std::{error::Error, io};

use commandbus::{
    handler::{Handler, HandlerEntry, Invocation, Outcome},
    message::FailureKind,
    prelude::*,
};

use crate::bus;

#[command(domain = "macro_outcomes", reply = u64)]
#[derive(Serialize, Deserialize)]
struct Count;

#[command(domain = "macro_outcomes")]
#[derive(Serialize, Deserialize)]
struct Quiet;

#[command(domain = "macro_outcomes", reply = ())]
#[derive(Serialize, Deserialize)]
struct Acknowledge;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error("account {0} is closed")]
    #[permanent(code = "ACCOUNT_CLOSED")]
    Closed(u32),
    #[error("insufficient funds: {needed}")]
    #[business_rule(code = "INSUFFICIENT_FUNDS")]
    Insufficient { needed: i64 },
    #[error("busy")]
    #[transient(code = "BUSY")]
    Busy,
    #[error(transparent)]
    #[inherit]
    Limit(#[from] LimitReached),
    #[error(transparent)]
    #[transient(code = "LEDGER")]
    Ledger(#[from] io::Error),
}

#[derive(Debug, thiserror::Error, HandlerError)]
#[error("the limit of {limit} is reached")]
#[business_rule(code = "LIMIT_REACHED")]
struct LimitReached {
    limit: u8,
}

/// Says what it means, but is no `std::error::Error`.
#[derive(HandlerError)]
#[permanent(code = "BLUNT")]
struct Blunt;

impl std::fmt::Display for Blunt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("ledger unreachable")]
struct LedgerError(#[source] io::Error);

#[derive(Debug, thiserror::Error)]
#[error("could not bill")]
struct BillingError(#[source] DebitError);

type Counted = anyhow::Result<u64>;

#[handler]
async fn reply(_: Count) -> u64 {
    7
}
#[handler]
async fn nothing(_: Quiet) {}
#[handler]
async fn nothing_or_error(_: Quiet) -> Result<(), DebitError> {
    Err(DebitError::Insufficient { needed: 5 })
}
#[handler]
async fn declared_unit(_: Acknowledge) -> anyhow::Result<()> {
    Ok(())
}
#[handler]
async fn by_hand(_: Count) -> Result<u64, Failure> {
    Err(Failure::permanent("BY_HAND", "written by hand").with_details(3))
}
#[handler]
async fn closed(_: Count) -> Result<u64, DebitError> {
    Err(DebitError::Closed(3))
}
#[handler]
async fn inherited(_: Count) -> Result<u64, DebitError> {
    Err(LimitReached { limit: 9 })?
}
#[handler]
async fn blunt(_: Count) -> Result<u64, Blunt> {
    Err(Blunt)
}
#[handler]
async fn plain_error(_: Count) -> Result<u64, LedgerError> {
    Err(LedgerError(io::Error::other("refused")))
}
#[handler]
async fn plain_error_around_ours(_: Count) -> Result<u64, BillingError> {
    Err(BillingError(DebitError::Closed(4)))
}
#[handler]
async fn opaque(_: Count) -> Counted {
    anyhow::bail!("who knows")
}
#[handler]
async fn opaque_around_ours(_: Count) -> Counted {
    use anyhow::Context as _;
    Err(DebitError::Closed(5)).context("while billing").context("at night")
}
#[handler]
async fn boxed(_: Count) -> Result<u64, Box<dyn Error + Send + Sync>> {
    Err(LimitReached { limit: 1 })?
}
#[handler]
async fn boxed_text(_: Count) -> Result<u64, Box<dyn Error + Send + Sync>> {
    Err("just text")?
}

async fn run<C: Command>(command: C, entry: HandlerEntry) -> Outcome {
    let context = Context::for_test(&bus(), &command).unwrap().build();
    (entry.call)(Invocation { context }).await
}

async fn failure(entry: HandlerEntry) -> (FailureKind, String, String) {
    match run(Count, entry).await {
        Outcome::Failed(failure) => (failure.kind, failure.code.into_owned(), failure.message),
        other => panic!("{other:?}"),
    }
}

fn expected(kind: FailureKind, code: &str, message: &str) -> (FailureKind, String, String) {
    (kind, code.into(), message.into())
}

#[tokio::test]
async fn a_reply_is_what_the_command_declares() {
    assert!(matches!(run(Count, reply::ENTRY).await, Outcome::Done(Some(reply)) if reply.get() == "7"));
    assert!(matches!(run(Quiet, nothing::ENTRY).await, Outcome::Done(None)));
    assert!(
        matches!(run(Acknowledge, declared_unit::ENTRY).await, Outcome::Done(Some(reply)) if reply.get() == "null")
    );
}

#[tokio::test]
async fn an_error_of_ours_says_its_kind() {
    use FailureKind::{BusinessRule, Permanent};
    assert_eq!(failure(closed::ENTRY).await, expected(Permanent, "ACCOUNT_CLOSED", "account 3 is closed"));
    assert_eq!(failure(inherited::ENTRY).await, expected(BusinessRule, "LIMIT_REACHED", "the limit of 9 is reached"));
    assert_eq!(failure(by_hand::ENTRY).await, expected(Permanent, "BY_HAND", "written by hand"));
    assert_eq!(failure(blunt::ENTRY).await, expected(Permanent, "BLUNT", "no"));
    let outcome = run(Quiet, nothing_or_error::ENTRY).await;
    assert!(matches!(outcome, Outcome::Failed(failure) if failure.code == "INSUFFICIENT_FUNDS"));
}

#[tokio::test]
async fn any_other_error_is_transient_under_the_name_of_its_type() {
    let expected = expected(FailureKind::Transient, "LedgerError", "ledger unreachable: refused");
    assert_eq!(failure(plain_error::ENTRY).await, expected);
}

#[tokio::test]
async fn what_holds_errors_is_transient() {
    use FailureKind::Transient;
    assert_eq!(failure(opaque::ENTRY).await, expected(Transient, "ERROR", "who knows"));
    assert_eq!(failure(boxed_text::ENTRY).await, expected(Transient, "ERROR", "just text"));
}

#[tokio::test]
async fn the_kind_survives_what_is_wrapped_around_it() {
    use FailureKind::{BusinessRule, Permanent};
    let closed = |account| expected(Permanent, "ACCOUNT_CLOSED", &format!("account {account} is closed"));
    assert_eq!(failure(plain_error_around_ours::ENTRY).await, closed(4));
    assert_eq!(failure(opaque_around_ours::ENTRY).await, closed(5));
    assert_eq!(failure(boxed::ENTRY).await, expected(BusinessRule, "LIMIT_REACHED", "the limit of 1 is reached"));
}

#[test]
fn every_variant_is_matched() {
    let busy = DebitError::Busy.failure();
    assert_eq!((busy.kind, &*busy.code), (FailureKind::Transient, "BUSY"));
    assert_eq!(DebitError::from(io::Error::other("x")).failure().code, "LEDGER");
}

#[command(domain = "macro_outcomes", reply = std::collections::BTreeMap<Vec<u8>, u8>)]
#[derive(Serialize, Deserialize)]
struct Unwritable;

#[handler]
async fn unwritable(_: Unwritable) -> std::collections::BTreeMap<Vec<u8>, u8> {
    [(vec![1], 2)].into()
}

#[tokio::test]
async fn a_reply_that_is_no_json_fails_for_good() {
    let outcome = run(Unwritable, unwritable::ENTRY).await;
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.kind, &*failure.code), (FailureKind::Permanent, "REPLY_NOT_SERIALIZABLE"));
}
