//! mistake: a boxed error that is not `Send + Sync`
//! instead: `Box<dyn Error + Send + Sync>`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

fn main() {}
