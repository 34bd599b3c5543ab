//! mistake: a comma is missing
//! instead: `domain = "payments", reply = u64`

use commandbus::prelude::*;

#[command(domain = "payments" reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
