//! mistake: a borrowed command
//! instead: `command: DebitAccount`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: &DebitAccount) {}

fn used() -> commandbus::handler::HandlerList {
    handlers![debit_account]
}

fn main() {}
