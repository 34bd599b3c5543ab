//! mistake: the domain is missing
//! instead: `#[command(domain = "payments")]`

use commandbus::prelude::*;

#[command]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
