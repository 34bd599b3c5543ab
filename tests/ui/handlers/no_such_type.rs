//! mistake: a function without `#[handler]`
//! instead: `#[handler]` on it
//! mistake: a type in place of a handler
//! instead: the name of the function

use commandbus::prelude::*;

struct DebitAccount;

mod payments {
    pub async fn debit_account() {}
}

fn main() {
    let _ = handlers![DebitAccount];
    let _ = handlers![payments::debit_account];
}
