//! mistake: a function that returns a future
//! instead: `async fn`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
fn debit_account(_: DebitAccount) -> impl Future<Output = ()> {
    async {}
}

fn used() -> impl Future<Output = ()> {
    debit_account(DebitAccount)
}

fn main() {}
