//! mistake: a return type to be inferred
//! instead: the type of the reply

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Result<_, Failure> {
    Ok(())
}

fn main() {}
