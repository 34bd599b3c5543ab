//! The commands of domain `billing`, and what handles them.

use std::time::Duration;

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Debits one account for one month.
#[command(domain = "billing", max_attempts = 2, backoff = "50ms")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DebitAccount {
    pub(crate) account: Uuid,
    pub(crate) month: String,
    pub(crate) cents: i64,
}

/// Closes a month, once every debit of it has ended.
#[command(domain = "billing")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CloseMonth {
    pub(crate) month: String,
}

/// Why an account was not debited. None of these goes away by itself, but the bank may answer the next time.
#[derive(Debug, thiserror::Error, HandlerError)]
pub(crate) enum DebitError {
    #[error("there is no account {0}")]
    #[permanent(code = "UNKNOWN_ACCOUNT")]
    Unknown(Uuid),
    #[error("the account is locked")]
    #[permanent(code = "ACCOUNT_LOCKED")]
    Locked,
    #[error("{0} cents cannot be debited")]
    #[permanent(code = "INVALID_AMOUNT")]
    InvalidAmount(i64),
    #[error("the account was debited for {0} before")]
    #[permanent(code = "ALREADY_DEBITED")]
    AlreadyDebited(String),
    #[error("the bank does not answer")]
    #[transient(code = "BANK_UNREACHABLE")]
    BankUnreachable,
    #[error(transparent)]
    #[transient(code = "DATABASE")]
    Database(#[from] sqlx::Error),
}

/// A bank that takes its time.
#[derive(Debug, Clone)]
pub(crate) struct Bank {
    pub(crate) answers_after: Duration,
}

/// Writes the debit into the ledger, in the transaction that also settles the command: both happen, or neither.
#[handler]
pub(crate) async fn debit_account(cmd: DebitAccount, State(bank): State<Bank>, mut tx: Tx) -> Result<(), DebitError> {
    if cmd.cents <= 0 {
        return Err(DebitError::InvalidAmount(cmd.cents));
    }
    let state: Option<String> =
        sqlx::query_scalar("select state from monthly_billing.account where account = $1 for update")
            .bind(cmd.account)
            .fetch_optional(&mut *tx)
            .await?;
    match state.as_deref() {
        None => return Err(DebitError::Unknown(cmd.account)),
        Some("locked") => return Err(DebitError::Locked),
        Some("unreachable") => return Err(DebitError::BankUnreachable),
        Some(_) => tokio::time::sleep(bank.answers_after).await,
    }
    let debited: bool =
        sqlx::query_scalar("select exists (select from monthly_billing.ledger where account = $1 and month = $2)")
            .bind(cmd.account)
            .bind(&cmd.month)
            .fetch_one(&mut *tx)
            .await?;
    if debited {
        return Err(DebitError::AlreadyDebited(cmd.month));
    }
    sqlx::query("insert into monthly_billing.ledger (account, month, cents, booked_by) values ($1, $2, $3, 'worker')")
        .bind(cmd.account)
        .bind(&cmd.month)
        .bind(cmd.cents)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// The durable callback of the batch: runs once, whoever was killed meanwhile.
#[handler]
pub(crate) async fn close_month(cmd: CloseMonth, mut tx: Tx) -> Result<(), sqlx::Error> {
    sqlx::query("insert into monthly_billing.closed_month (month) values ($1)")
        .bind(cmd.month)
        .execute(&mut *tx)
        .await?;
    Ok(())
}
