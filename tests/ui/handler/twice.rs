//! mistake: `#[handler]` twice on one function
//! instead: one `#[handler]`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
#[handler]
async fn debit_account(_: DebitAccount) {}

fn used() -> commandbus::handler::HandlerList {
    handlers![debit_account]
}

fn main() {}
