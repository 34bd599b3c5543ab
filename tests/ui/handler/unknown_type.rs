//! mistake: a command that is not in scope
//! instead: the right name, or an import

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebtAccount) {}

fn main() {}
