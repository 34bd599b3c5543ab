//! mistake: a callback that is not async
//! instead: `|batch| async move { .. }`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let batch = DebitAccount::batch("Monthly billing").push(DebitAccount);
    let _ = batch.on_complete(|batch| drop(batch)).send(&bus).await;
}

fn main() {}
