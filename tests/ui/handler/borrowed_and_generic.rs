use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount, _: &Context) {}

#[handler]
async fn credit_account<T: Command>(_: T) {}

#[handler]
async fn close_account(_: impl Command) {}

fn main() {}
