//! mistake: a command that cannot go to another thread
//! instead: a field that is `Send`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    account: std::marker::PhantomData<*const u8>,
}

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
