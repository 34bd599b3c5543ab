//! mistake: a body that does not parse
//! instead: an expression after the operator

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(command: DebitAccount) {
    let cents = 1 +;
}

fn used() -> commandbus::handler::HandlerList {
    drop(debit_account(DebitAccount));
    handlers![debit_account]
}

fn main() {}
