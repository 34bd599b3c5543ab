//! mistake: the reply has no `Serialize`
//! instead: `#[derive(Serialize, Deserialize)]` on the reply

use commandbus::prelude::*;

#[derive(Deserialize)]
struct Receipt;

#[command(domain = "payments", reply = Receipt)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Receipt {
    Receipt
}

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
