//! mistake: a callback that stays on one thread
//! instead: `Arc` in place of `Rc`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let batch = DebitAccount::batch("Monthly billing").push(DebitAccount);
    let callback = |_| async move {
        let count = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(count);
    };
    let _ = batch.on_complete(callback).send(&bus).await;
}

fn main() {}
