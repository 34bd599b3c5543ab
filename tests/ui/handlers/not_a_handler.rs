//! mistake: a text in place of a name
//! instead: `handlers![credit_account]`

use commandbus::prelude::*;

async fn debit_account() {}

fn main() {
    let _ = handlers![debit_account, "credit_account"];
    drop(debit_account());
}
