//! mistake: two attributes on one set
//! instead: one

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Payments;

#[handler_set]
#[handler_set]
impl Payments {
    #[handler]
    async fn debit(&self, _: DebitAccount) {}
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
