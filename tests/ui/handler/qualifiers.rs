//! mistake: an `unsafe` handler
//! instead: `async fn`
//! mistake: a handler with an ABI
//! instead: `async fn`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async unsafe fn debit_account(_: DebitAccount) {}

#[handler]
async extern "C" fn credit_account(_: DebitAccount) {}

fn used() -> commandbus::handler::HandlerList {
    handlers![debit_account]
}

fn main() {}
