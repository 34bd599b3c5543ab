//! mistake: a closure
//! instead: a function with `#[handler]`, by its name

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) {}

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[handler]
async fn credit_account(_: CreditAccount) {}

fn main() {
    let _ = handlers![debit_account, |command: CreditAccount| async move { drop(command) }];
}
