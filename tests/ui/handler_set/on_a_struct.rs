//! mistake: `#[handler_set]` on the type
//! instead: `#[handler_set]` on an `impl` of it

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler_set]
struct Payments;

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
