//! mistake: a callback that ends in a value
//! instead: `()` or `Result<(), E>`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let batch = DebitAccount::batch("Monthly billing").push(DebitAccount);
    let _ = batch.on_complete(|_| async move { 7 }).send(&bus).await;
}

fn main() {}
