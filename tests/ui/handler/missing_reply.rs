use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) {}

fn main() {}
