//! mistake: a set with a field that only one thread may use
//! instead: `Arc<Mutex<i64>>`

use std::cell::RefCell;
use std::rc::Rc;

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

struct Payments {
    balance: Rc<RefCell<i64>>,
}

async fn other() {}

#[handler_set]
impl Payments {
    #[handler]
    async fn debit(&self, _: DebitAccount) {
        other().await;
        *self.balance.borrow_mut() -= 1;
    }

    #[handler]
    async fn credit(&self, _: CreditAccount) {
        other().await;
        *self.balance.borrow_mut() += 1;
    }
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments { balance: Rc::default() });
}

fn main() {}
