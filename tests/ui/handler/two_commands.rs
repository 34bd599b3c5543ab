//! mistake: a second command as a parameter
//! instead: a handler of its own for each command

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[handler]
async fn settle(_: DebitAccount, _: CreditAccount) {}

fn main() {}
