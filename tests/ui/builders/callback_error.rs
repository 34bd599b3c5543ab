//! mistake: a callback whose error cannot be logged
//! instead: an error that is `Display`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Receipt;

async fn used(bus: Bus) {
    let batch = DebitAccount::batch("Monthly billing").push(DebitAccount);
    let _ = batch.on_complete(|_| async move { Err::<(), Receipt>(Receipt) }).send(&bus).await;
}

fn main() {}
