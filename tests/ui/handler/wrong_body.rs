//! mistake: a body that returns something else
//! instead: a value of the written type

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Result<(), Failure> {
    Ok("done")
}

fn main() {}
