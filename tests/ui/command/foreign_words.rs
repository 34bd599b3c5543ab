//! mistake: the word of another system for the domain
//! instead: `domain = "payments"`
//! mistake: the word of another system for the attempts
//! instead: `max_attempts = 5`
//! mistake: `deadline`, which is for processes
//! instead: `timeout = "30s"`

use commandbus::prelude::*;

#[command(queue = "payments", domain = "payments", retries = 5, deadline = "30s")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
