//! The tables of both banks, and the proof over them.

use sqlx::PgPool;

use crate::Error;

/// What an account has at the beginning.
const OPENING_BALANCE: i64 = 100_000;

/// Makes the tables anew; returns all the money there is, in cents.
pub(crate) async fn open(pool: &PgPool) -> Result<i64, Error> {
    sqlx::raw_sql(
        "drop schema if exists transfer cascade;
         create schema transfer;
         create table transfer.account (
             holder text, bank text, cents bigint not null check (cents >= 0), state text not null default 'open',
             primary key (holder, bank));
         create table transfer.hold (
             hold bigint generated always as identity primary key, holder text not null, cents bigint not null,
             debited_for uuid unique);
         create table transfer.in_transit (transfer uuid primary key, cents bigint not null);",
    )
    .execute(pool)
    .await?;
    sqlx::query(
        "insert into transfer.account (holder, bank, cents, state) values
             ('ada', 'home', $1, 'open'), ('carl', 'home', $1, 'closed'), ('poor paul', 'home', 0, 'open'),
             ('bob', 'other', $1, 'open'), ('mallory', 'other', $1, 'investigated')",
    )
    .bind(OPENING_BALANCE)
    .execute(pool)
    .await?;
    total(pool).await
}

/// All the money there is, wherever it is.
async fn total(pool: &PgPool) -> Result<i64, Error> {
    let total = sqlx::query_scalar(
        "select ((select sum(cents) from transfer.account) + (select coalesce(sum(cents), 0) from transfer.hold)
                 + (select coalesce(sum(cents), 0) from transfer.in_transit))::bigint",
    )
    .fetch_one(pool)
    .await?;
    Ok(total)
}

/// What an account has.
pub(crate) async fn balance(pool: &PgPool, holder: &str, bank: &str) -> Result<i64, Error> {
    let cents = sqlx::query_scalar("select cents from transfer.account where holder = $1 and bank = $2")
        .bind(holder)
        .bind(bank)
        .fetch_one(pool)
        .await?;
    Ok(cents)
}

/// Proves that no money came or went, that none is stuck on its way, and that exactly `arrived` moved from one bank to
/// the other; else says what is wrong.
pub(crate) async fn prove(pool: &PgPool, opened_with: i64, arrived: i64) -> Result<(), Error> {
    let (held, in_transit): (i64, i64) =
        sqlx::query_as("select (select count(*) from transfer.hold), (select count(*) from transfer.in_transit)")
            .fetch_one(pool)
            .await?;
    let total = total(pool).await?;
    let gained = balance(pool, "bob", "other").await? - OPENING_BALANCE;
    let paid = OPENING_BALANCE - balance(pool, "ada", "home").await?;
    if (total, held, in_transit, gained, paid) == (opened_with, 0, 0, arrived, arrived) {
        return Ok(());
    }
    Err(Error::NotConserved(format!(
        "of {opened_with} cents there are {total}; {held} holds and {in_transit} transfers were left on the way; {paid} \
         were paid and {gained} arrived, but {arrived} were to"
    )))
}
