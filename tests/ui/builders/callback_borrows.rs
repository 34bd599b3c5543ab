//! mistake: a callback that borrows
//! instead: `move`, and a clone of what it needs

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let count = std::sync::Mutex::new(1);
    let batch = DebitAccount::batch("Monthly billing").push(DebitAccount);
    let _ = batch.on_complete(|_| async { *count.lock().unwrap() += 1 }).send(&bus).await;
}

fn main() {}
