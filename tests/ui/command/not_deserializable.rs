//! mistake: `#[derive(Deserialize)]` is missing
//! instead: `#[derive(Serialize, Deserialize)]`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize)]
struct DebitAccount;

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
