//! mistake: one mistake in a command, and one that has nothing to do with it
//! instead: both are reported at once
//! mistake: a text where a number is meant
//! instead: a number

use commandbus::prelude::*;

#[command(domain = "Payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    account: u64,
}

fn new() -> DebitAccount {
    DebitAccount { account: "one" }
}

fn main() {}
