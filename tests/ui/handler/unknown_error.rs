//! mistake: an error that does not say what it means
//! instead: `#[derive(HandlerError)]` on it

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Refused;

#[handler]
async fn debit_account(_: DebitAccount) -> Result<(), Refused> {
    Err(Refused)
}

fn main() {}
