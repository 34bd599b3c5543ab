//! mistake: a method whose future is not `Send`
//! instead: `Arc` in place of `Rc`, or drop it before the `.await`

use std::rc::Rc;

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Payments;

async fn other() {}

#[handler_set]
impl Payments {
    #[handler]
    async fn debit(&self, _: DebitAccount) {
        let counter = Rc::new(1);
        other().await;
        drop(counter);
    }
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
