//! The operator's morning: what is parked, one case of each kind looked into, then all of the kind resolved.

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use commandbus::{
    bus::{Batch, Bus},
    ops::Operator,
    store::{Page, Parked, ParkedFilter},
};
use serde_json::json;
use sqlx::PgPool;

use crate::{Error, billing::DebitAccount};

/// What a missing amount turns out to be, once somebody has looked it up.
const AGREED_CENTS: i64 = 999;

/// How many cases are read at a time.
const PAGE: u32 = 200;

/// Prints what is parked, by cause.
pub(crate) async fn print_parked(bus: &Bus, batch: &Batch) -> Result<(), Error> {
    let filter = ParkedFilter::in_domain(batch.domain().clone()).of_batch(batch.id());
    let groups = bus.troubleshooting().groups(&filter).await?;
    if groups.is_empty() {
        println!("The troubleshooting queue is empty.");
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["parked", "code", "command", "for instance"]);
    for group in groups {
        table.add_row([
            group.count.to_string(),
            group.error_code.unwrap_or_default(),
            group.command_type,
            group.example.unwrap_or_default(),
        ]);
    }
    println!("In the troubleshooting queue:\n{table}");
    Ok(())
}

/// Resolves everything that is parked, each kind in its own way.
pub(crate) async fn resolve_all(bus: &Bus, pool: &PgPool, batch: &Batch) -> Result<(), Error> {
    for kind in [Kind::Locked, Kind::InvalidAmount, Kind::Unreachable, Kind::AlreadyDebited] {
        let filter = ParkedFilter::in_domain(batch.domain().clone()).of_batch(batch.id()).with_code(kind.code());
        let mut resolved = 0_u64;
        // A resolved case leaves the list, so the first page is always the next one.
        loop {
            let cases = bus.troubleshooting().list(&filter, Page::first(PAGE)).await?;
            if cases.is_empty() {
                break;
            }
            for case in &cases {
                kind.resolve(bus, pool, case).await?;
                if resolved == 0 {
                    kind.print(bus, case).await?;
                }
                resolved += 1;
            }
        }
        if resolved > 1 {
            println!("    … and {} more in the same way.", resolved - 1);
        }
    }
    Ok(())
}

/// A kind of trouble, and what an operator does about it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Locked,
    InvalidAmount,
    Unreachable,
    AlreadyDebited,
}

impl Kind {
    fn code(self) -> &'static str {
        match self {
            Self::Locked => "ACCOUNT_LOCKED",
            Self::InvalidAmount => "INVALID_AMOUNT",
            Self::Unreachable => "BANK_UNREACHABLE",
            Self::AlreadyDebited => "ALREADY_DEBITED",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Locked => "unlocked the account and retried",
            Self::InvalidAmount => "looked up the amount, edited the command and retried",
            Self::Unreachable => "booked it by hand, as the bank confirmed on the phone, and completed",
            Self::AlreadyDebited => "canceled: the export lists the account twice",
        }
    }

    async fn resolve(self, bus: &Bus, pool: &PgPool, case: &Parked) -> Result<(), Error> {
        let operator: Operator = bus.troubleshooting().by("olivia").because(self.done());
        let mut debit: DebitAccount = serde_json::from_value(case.payload.clone().unwrap_or_default())?;
        match self {
            Self::Locked => {
                sqlx::query("update monthly_billing.account set state = 'open' where account = $1")
                    .bind(debit.account)
                    .execute(pool)
                    .await?;
                operator.retry(&case.domain, case.command_id).await?;
            }
            Self::InvalidAmount => {
                debit.cents = AGREED_CENTS;
                sqlx::query("update monthly_billing.account set cents = $2 where account = $1")
                    .bind(debit.account)
                    .bind(debit.cents)
                    .execute(pool)
                    .await?;
                operator.retry_edited::<DebitAccount>(case.command_id, &json!(debit)).await?;
            }
            Self::Unreachable => {
                sqlx::query(
                    "insert into monthly_billing.ledger (account, month, cents, booked_by) values ($1, $2, $3, 'olivia')",
                )
                .bind(debit.account)
                .bind(&debit.month)
                .bind(debit.cents)
                .execute(pool)
                .await?;
                operator.complete(&case.domain, case.command_id).await?;
            }
            Self::AlreadyDebited => operator.cancel(&case.domain, case.command_id, self.done()).await?,
        }
        Ok(())
    }

    /// What happened to one of them, from the audit trail.
    async fn print(self, bus: &Bus, case: &Parked) -> Result<(), Error> {
        println!("  {} ({}): {}", self.code(), case.error_msg.as_deref().unwrap_or_default(), self.done());
        let events = bus.audit().of_command(&case.domain, case.command_id).await?;
        let story: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
        println!("    {}", story.join(" → "));
        Ok(())
    }
}
