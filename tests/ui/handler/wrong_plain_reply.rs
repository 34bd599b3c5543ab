//! mistake: a reply where the command declares none
//! instead: `reply = u64` in `#[command]`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> u64 {
    1
}

fn main() {}
