//! mistake: two handlers of one command in a list
//! instead: one of them

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) {}

#[handler]
async fn also_debit_account(_: DebitAccount) {}

fn main() {
    let _ = handlers![debit_account, also_debit_account];
}
