//! mistake: a call instead of a name
//! instead: `handlers![debit_account]`

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
    let _ = handlers![debit_account(DebitAccount)];
}
