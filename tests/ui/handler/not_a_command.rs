use commandbus::prelude::*;

struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) {}

#[handler]
async fn credit_account(_: DebitAccount, _: Context) -> Result<u64, Failure> {
    Ok(1)
}

fn main() {}
