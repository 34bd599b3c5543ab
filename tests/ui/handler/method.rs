//! mistake: `#[handler]` on a struct
//! instead: `#[handler]` on an async function
//! mistake: `#[handler]` on a method
//! instead: `#[handler_set]` on the `impl`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
struct Payments;

impl Payments {
    #[handler]
    async fn debit_account(&self, _: DebitAccount) {}
}

fn main() {}
