//! mistake: an `Option` of the reply
//! instead: `Result<u64, E>`, or `reply = Option<u64>` on the command

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct Balance;

#[handler]
async fn balance(_: Balance) -> Option<u64> {
    None
}

fn main() {}
