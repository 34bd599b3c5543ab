//! mistake: a parameter that no handler can take
//! instead: `State<u64>`, or a type with `FromContext`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount, _: Context, _: u64) {}

fn main() {}
