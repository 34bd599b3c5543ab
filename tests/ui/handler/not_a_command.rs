//! mistake: the first parameter is no command
//! instead: `#[command(domain = "..")]` on its type
//! mistake: the same, with more parameters
//! instead: `#[command(domain = "..")]` on its type

use commandbus::prelude::*;

struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) {}

#[handler]
async fn credit_account(_: DebitAccount, _: Context) -> Result<u64, Failure> {
    Ok(1)
}

fn main() {}
