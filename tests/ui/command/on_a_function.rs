//! mistake: `#[command]` on a function
//! instead: `#[handler]`, if it handles one

use commandbus::prelude::*;

#[command(domain = "payments")]
fn debit_account() {}

fn main() {
    debit_account();
}
