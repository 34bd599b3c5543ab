use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler(manual)]
async fn debit_account(_: DebitAccount) -> impl Serialize {}

fn main() {}
