//! mistake: a transaction behind `&mut`
//! instead: `mut tx: Tx`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount, _tx: &mut Tx) {}

fn used() -> commandbus::handler::HandlerList {
    handlers![debit_account]
}

fn main() {}
