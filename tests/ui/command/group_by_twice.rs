//! mistake: two groups
//! instead: one field
//! mistake: the field of `group_by` as a text
//! instead: `group_by = account`

use commandbus::prelude::*;

#[command(domain = "payments", group_by = account, group_by = owner)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    account: u64,
    owner: u64,
}

#[command(domain = "payments", group_by = "account")]
#[derive(Serialize, Deserialize)]
struct CreditAccount {
    account: u64,
}

fn main() {}
