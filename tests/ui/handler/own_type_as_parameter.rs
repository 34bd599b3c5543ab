//! mistake: a type of one's own that is no parameter
//! instead: `State<Ledger>`, or `impl FromContext for Ledger`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[derive(Clone)]
struct Ledger;

#[handler]
async fn debit_account(_: DebitAccount, ledger: Ledger) {
    drop(ledger);
}

fn main() {}
