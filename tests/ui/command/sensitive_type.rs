//! mistake: `sensitive` on the type instead of a field
//! instead: `#[command(sensitive)]` on each sensitive field

use commandbus::prelude::*;

#[command(domain = "payments", sensitive)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    card: String,
}

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
