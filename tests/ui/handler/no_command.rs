//! mistake: no command is taken
//! instead: `command: DebitAccount`
//! mistake: something else before the command
//! instead: the command as the first parameter

use commandbus::prelude::*;

#[handler]
async fn debit_account() {}

#[handler]
async fn credit_account(context: Context) {
    drop(context);
}

fn main() {}
