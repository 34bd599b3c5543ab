use commandbus::prelude::*;

#[handler]
async fn debit_account() {}

#[handler]
async fn credit_account(context: Context) {
    drop(context);
}

fn main() {}
