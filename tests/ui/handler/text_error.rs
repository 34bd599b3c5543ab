//! mistake: a text as the error
//! instead: an enum with `#[derive(HandlerError)]`, or `Failure`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Result<(), String> {
    Err("closed".to_owned())
}

fn main() {}
