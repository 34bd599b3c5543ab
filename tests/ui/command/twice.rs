//! mistake: `#[command]` twice on one type
//! instead: one `#[command(..)]` with all arguments

use commandbus::prelude::*;

#[command(domain = "payments")]
#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
