//! mistake: an enum with `group_by`
//! instead: `Command` by hand, with a `fn group`
//! mistake: `group_by` on a struct whose fields have no names
//! instead: `struct DebitAccount { account: u64 }`
//! mistake: `group_by` on a struct without fields
//! instead: leave it out

use commandbus::prelude::*;

#[command(domain = "payments", group_by = account)]
#[derive(Serialize, Deserialize)]
enum Payment {
    Debit { account: u64 },
}

#[command(domain = "payments", group_by = account)]
#[derive(Serialize, Deserialize)]
struct DebitAccount(u64);

#[command(domain = "payments", group_by = account)]
#[derive(Serialize, Deserialize)]
struct CloseMonth;

fn main() {}
