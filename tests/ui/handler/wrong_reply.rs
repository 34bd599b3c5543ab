//! mistake: another reply than the command declares
//! instead: `Result<Receipt, E>`

use commandbus::prelude::*;

#[derive(Serialize, Deserialize)]
struct Receipt;

#[command(domain = "payments", reply = Receipt)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Result<u64, Failure> {
    Ok(1)
}

fn main() {}
