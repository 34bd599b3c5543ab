//! mistake: `#[derive(Deserialize)]` is missing
//! instead: `#[derive(Serialize, Deserialize)]`
//! mistake: `#[derive(Serialize)]` is missing too
//! instead: `#[derive(Serialize, Deserialize)]`

use commandbus::prelude::*;

#[command(domain = "payments")]
struct DebitAccount;

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
