//! mistake: a field without a type
//! instead: `cents: i64`
//! mistake: the same, as the derives of serde report it
//! instead: `cents: i64`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    cents:
}

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
