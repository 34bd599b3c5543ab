//! mistake: a command that borrows
//! instead: `account: String`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount<'a> {
    account: &'a str,
}

fn used(command: DebitAccount<'_>) -> usize {
    command.account.len()
}

fn main() {}
