//! mistake: a reply that is not in scope
//! instead: an import of the type

use commandbus::prelude::*;

#[command(domain = "payments", reply = Receipt)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
