//! mistake: a `State` before the command
//! instead: the command as the first parameter

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[derive(Clone)]
struct Ledger;

#[handler]
async fn debit_account(_: State<Ledger>, _: DebitAccount) {}

fn main() {}
