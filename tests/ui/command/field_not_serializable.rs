//! mistake: the type of a field has no `Serialize`
//! instead: `#[derive(Serialize, Deserialize)]` on the type of the field

use commandbus::prelude::*;

#[derive(Deserialize)]
struct Account;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    account: Account,
}

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
