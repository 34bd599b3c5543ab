//! mistake: a state without `Clone`
//! instead: `#[derive(Clone)]`, or `State<Arc<Ledger>>`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Ledger;

#[handler]
async fn debit_account(_: DebitAccount, _: State<Ledger>) {}

fn main() {}
