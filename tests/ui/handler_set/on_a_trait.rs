//! mistake: `#[handler_set]` on the `impl` of a trait
//! instead: an `impl` of the type itself

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

trait Debit {
    async fn debit(&self, command: DebitAccount);
}

struct Payments;

#[handler_set]
impl Debit for Payments {
    #[handler]
    async fn debit(&self, _: DebitAccount) {}
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
