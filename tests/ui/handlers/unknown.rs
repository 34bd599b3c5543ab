//! mistake: a name that is not in scope
//! instead: the right name, or an import

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
    let _ = handlers![debit_acount, credit_account];
}
