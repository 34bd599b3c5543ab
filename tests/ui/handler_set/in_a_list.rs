//! mistake: a set in a list of functions
//! instead: `.handlers(Payments)`, beside the list

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Payments;

#[handler_set]
impl Payments {
    #[handler]
    async fn debit(&self, _: DebitAccount) {}
}

fn main() {
    let _ = handlers![Payments];
}
