//! mistake: nothing is returned where the command declares a reply
//! instead: `-> u64` or `-> Result<u64, E>`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) {}

fn main() {}
