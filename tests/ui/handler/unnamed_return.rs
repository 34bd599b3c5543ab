//! mistake: an unknown argument
//! instead: no argument
//! mistake: an unnamed return type
//! instead: the type of the reply

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler(manual)]
async fn debit_account(_: DebitAccount) -> impl Serialize {}

fn main() {}
