//! mistake: two handlers of a set for one command
//! instead: one of them

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

type Debit = DebitAccount;

struct Payments;

#[handler_set]
impl Payments {
    #[handler]
    async fn debit(&self, _: DebitAccount) {}

    #[handler]
    async fn credit(&self, _: CreditAccount) {}

    #[handler]
    async fn debit_again(&self, _: Debit) {}
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
