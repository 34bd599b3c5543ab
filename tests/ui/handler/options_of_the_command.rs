//! mistake: the domain on the handler
//! instead: `#[command(domain = "payments")]` on the command
//! mistake: the timeout on the handler
//! instead: `#[command(timeout = "30s")]` on the command

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler(domain = "payments", timeout = "30s")]
async fn debit_account(_: DebitAccount) {}

fn main() {}
