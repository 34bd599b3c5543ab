//! mistake: an error that is not in scope
//! instead: the right name, or an import
//! mistake: the same, once more for what is generated
//! instead: the right name, or an import

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Result<(), DebitError> {
    Ok(())
}

fn main() {}
