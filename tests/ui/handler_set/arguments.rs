//! mistake: a misspelt argument
//! instead: `#[handler_set(crate = ::commandbus)]`, or no argument
//! mistake: `crate` at a handler of a set
//! instead: `#[handler_set(crate = ::commandbus)]`
//! mistake: `#[handler]` twice
//! instead: one

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

struct Payments;

#[handler_set(create = ::commandbus)]
impl Payments {
    #[handler(crate = ::commandbus)]
    async fn debit(&self, _: DebitAccount) {}

    #[handler]
    #[handler]
    async fn credit(&self, _: CreditAccount) {}
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
