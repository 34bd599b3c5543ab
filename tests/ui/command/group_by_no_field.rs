//! mistake: a misspelt field in `group_by`
//! instead: `group_by = account`
//! mistake: a field in `group_by` that the command does not have
//! instead: one of its fields
//! mistake: `group_by` on a command without fields
//! instead: leave it out

use commandbus::prelude::*;

#[command(domain = "payments", group_by = acount)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    account: u64,
    cents: i64,
}

#[command(domain = "payments", group_by = iban)]
#[derive(Serialize, Deserialize)]
struct CreditAccount {
    account: u64,
    cents: i64,
}

#[command(domain = "payments", group_by = iban)]
#[derive(Serialize, Deserialize)]
struct CloseMonth {}

fn main() {}
