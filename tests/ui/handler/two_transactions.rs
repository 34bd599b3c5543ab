//! mistake: two transactions
//! instead: one `Tx`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount, _: Tx, _: commandbus::handler::Tx) {}

fn main() {}
