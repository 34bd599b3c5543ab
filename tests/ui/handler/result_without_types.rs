//! mistake: `Result` without its types
//! instead: `Result<(), E>`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Result {
    Ok(())
}

fn main() {}
