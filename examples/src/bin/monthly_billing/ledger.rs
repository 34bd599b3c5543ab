//! The application's own tables, and the proof over them.

use std::path::Path;

use sqlx::{PgConnection, PgPool};

use crate::{Error, accounts};

/// Rows per insert while loading.
const CHUNK: usize = 5_000;

/// Makes the tables anew and loads the accounts; returns how many there are.
pub(crate) async fn load(pool: &PgPool, file: &Path) -> Result<i64, Error> {
    sqlx::raw_sql(
        "drop schema if exists monthly_billing cascade;
         create schema monthly_billing;
         create table monthly_billing.account (
             account uuid primary key, holder text not null, cents bigint not null, state text not null);
         -- No unique key over account and month: that each is debited once is what is to be shown.
         create table monthly_billing.ledger (
             entry_id bigint generated always as identity primary key, account uuid not null, month text not null,
             cents bigint not null, booked_by text not null, booked_at timestamptz not null default now());
         create index on monthly_billing.ledger (account, month);
         create table monthly_billing.closed_month (month text primary key, closed_at timestamptz not null default now());",
    )
    .execute(pool)
    .await?;

    let mut transaction = pool.begin().await?;
    let mut lines = accounts::read(file)?;
    loop {
        let chunk: Vec<accounts::Account> = lines.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
        if chunk.is_empty() {
            break;
        }
        insert(&mut transaction, &chunk).await?;
    }
    transaction.commit().await?;
    Ok(sqlx::query_scalar("select count(*) from monthly_billing.account").fetch_one(pool).await?)
}

async fn insert(connection: &mut PgConnection, accounts: &[accounts::Account]) -> Result<(), Error> {
    sqlx::query(
        "insert into monthly_billing.account
         select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[]) on conflict do nothing",
    )
    .bind(accounts.iter().map(|line| line.account).collect::<Vec<_>>())
    .bind(accounts.iter().map(|line| line.holder.as_str()).collect::<Vec<_>>())
    .bind(accounts.iter().map(|line| line.cents).collect::<Vec<_>>())
    .bind(accounts.iter().map(|line| line.state.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Proves that every account was debited exactly once, with the amount it owes; else says what is wrong.
pub(crate) async fn prove(pool: &PgPool, month: &str, accounts: i64) -> Result<(), Error> {
    let (never, repeatedly, wrongly, strangers): (i64, i64, i64, i64) = sqlx::query_as(
        "with entries as (
             select l.account, count(*) as debits, sum(l.cents) as cents
             from monthly_billing.ledger l where l.month = $1 group by l.account
         )
         select count(*) filter (where e.account is null),
                count(*) filter (where e.debits > 1),
                count(*) filter (where e.debits = 1 and e.cents <> a.cents),
                count(*) filter (where a.account is null)
         from monthly_billing.account a full join entries e on e.account = a.account",
    )
    .bind(month)
    .fetch_one(pool)
    .await?;
    if (never, repeatedly, wrongly, strangers) == (0, 0, 0, 0) {
        return Ok(());
    }
    Err(Error::Unbalanced(format!(
        "of {accounts} accounts, {never} were never debited, {repeatedly} more than once, {wrongly} with a wrong amount; \
         {strangers} entries belong to no account"
    )))
}
