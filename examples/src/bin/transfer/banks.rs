//! Two banks, each a domain of its own: the one that the money leaves, and the one that it goes to.
//!
//! Every handler writes in the transaction that also settles its command, so each effect happens exactly once.

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Sets money aside.
#[command(domain = "home_bank", reply = FundsReserved)]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReserveFunds {
    pub(crate) account: String,
    pub(crate) cents: i64,
}

/// Under which number it is set aside.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FundsReserved {
    pub(crate) hold: i64,
}

/// Gives back what was set aside.
#[command(domain = "home_bank")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReleaseFunds {
    pub(crate) hold: Option<i64>,
}

/// Takes what was set aside, which is then on its way.
#[command(domain = "home_bank")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DebitAccount {
    pub(crate) transfer: Uuid,
    pub(crate) hold: Option<i64>,
}

/// Sets aside again what was on its way.
#[command(domain = "home_bank")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RefundAccount {
    pub(crate) transfer: Uuid,
    pub(crate) account: String,
}

/// Books what is on its way to an account of the other bank.
#[command(domain = "other_bank")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CreditAccount {
    pub(crate) transfer: Uuid,
    pub(crate) account: String,
}

/// Why a bank said no.
#[derive(Debug, thiserror::Error, HandlerError)]
pub(crate) enum BankError {
    #[error("`{0}` has not enough for that")]
    #[business_rule(code = "INSUFFICIENT_FUNDS")]
    Insufficient(String),
    #[error("the account was closed meanwhile")]
    #[business_rule(code = "ACCOUNT_CLOSED")]
    Closed,
    #[error("there is no account `{0}`")]
    #[business_rule(code = "UNKNOWN_ACCOUNT")]
    Unknown(String),
    #[error("`{0}` is under investigation")]
    #[permanent(code = "UNDER_INVESTIGATION")]
    UnderInvestigation(String),
    #[error("nothing was set aside under {0:?}")]
    #[permanent(code = "NO_HOLD")]
    NoHold(Option<i64>),
    #[error(transparent)]
    #[transient(code = "DATABASE")]
    Database(#[from] sqlx::Error),
}

#[handler]
pub(crate) async fn reserve_funds(cmd: ReserveFunds, mut tx: Tx) -> Result<FundsReserved, BankError> {
    let taken = sqlx::query(
        "update transfer.account set cents = cents - $2 where holder = $1 and bank = 'home' and cents >= $2",
    )
    .bind(&cmd.account)
    .bind(cmd.cents)
    .execute(&mut *tx)
    .await?;
    if taken.rows_affected() == 0 {
        return Err(BankError::Insufficient(cmd.account));
    }
    let hold = sqlx::query_scalar("insert into transfer.hold (holder, cents) values ($1, $2) returning hold")
        .bind(&cmd.account)
        .bind(cmd.cents)
        .fetch_one(&mut *tx)
        .await?;
    Ok(FundsReserved { hold })
}

#[handler]
pub(crate) async fn release_funds(cmd: ReleaseFunds, mut tx: Tx) -> Result<(), BankError> {
    let released = sqlx::query(
        "with released as (delete from transfer.hold where hold = $1 returning holder, cents)
         update transfer.account a set cents = a.cents + r.cents from released r
         where a.holder = r.holder and a.bank = 'home'",
    )
    .bind(cmd.hold)
    .execute(&mut *tx)
    .await?;
    if released.rows_affected() == 0 {
        return Err(BankError::NoHold(cmd.hold));
    }
    Ok(())
}

#[handler]
pub(crate) async fn debit_account(cmd: DebitAccount, mut tx: Tx) -> Result<(), BankError> {
    let closed: Option<bool> = sqlx::query_scalar(
        "select a.state = 'closed' from transfer.hold h
         join transfer.account a on a.holder = h.holder and a.bank = 'home' where h.hold = $1",
    )
    .bind(cmd.hold)
    .fetch_optional(&mut *tx)
    .await?;
    match closed {
        None => return Err(BankError::NoHold(cmd.hold)),
        Some(true) => return Err(BankError::Closed),
        Some(false) => {}
    }
    sqlx::query(
        "with debited as (update transfer.hold set debited_for = $2 where hold = $1 returning cents)
         insert into transfer.in_transit (transfer, cents) select $2, cents from debited",
    )
    .bind(cmd.hold)
    .bind(cmd.transfer)
    .execute(&mut *tx)
    .await?;
    sqlx::query("update transfer.hold set cents = 0 where hold = $1").bind(cmd.hold).execute(&mut *tx).await?;
    Ok(())
}

#[handler]
pub(crate) async fn refund_account(cmd: RefundAccount, mut tx: Tx) -> Result<(), BankError> {
    sqlx::query(
        "with back as (delete from transfer.in_transit where transfer = $1 returning cents)
         update transfer.hold h set cents = b.cents, debited_for = null from back b
         where h.debited_for = $1 and h.holder = $2",
    )
    .bind(cmd.transfer)
    .bind(&cmd.account)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

#[handler]
pub(crate) async fn credit_account(cmd: CreditAccount, mut tx: Tx) -> Result<(), BankError> {
    let state: Option<String> =
        sqlx::query_scalar("select state from transfer.account where holder = $1 and bank = 'other' for update")
            .bind(&cmd.account)
            .fetch_optional(&mut *tx)
            .await?;
    match state.as_deref() {
        None => return Err(BankError::Unknown(cmd.account)),
        Some("investigated") => return Err(BankError::UnderInvestigation(cmd.account)),
        Some(_) => {}
    }
    sqlx::query(
        "with arrived as (delete from transfer.in_transit where transfer = $1 returning cents),
              done as (delete from transfer.hold where debited_for = $1)
         update transfer.account a set cents = a.cents + arrived.cents from arrived
         where a.holder = $2 and a.bank = 'other'",
    )
    .bind(cmd.transfer)
    .bind(&cmd.account)
    .execute(&mut *tx)
    .await?;
    Ok(())
}
