//! mistake: one command where an iterator is meant
//! instead: `.push(DebitAccount)`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let _ = DebitAccount::batch("Monthly billing").extend(DebitAccount).send(&bus).await;
}

fn main() {}
