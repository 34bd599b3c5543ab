//! mistake: a handler that is not async
//! instead: `async fn`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
fn debit_account(_: DebitAccount) {}

fn main() {
    debit_account(DebitAccount);
    let _ = handlers![debit_account];
}
