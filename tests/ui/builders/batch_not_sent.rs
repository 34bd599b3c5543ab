//! mistake: a batch is put together and not sent
//! instead: `.send(&bus).await?`

#![deny(unused_must_use)]

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    drop(bus);
    DebitAccount::batch("Monthly billing").push(DebitAccount);
}

fn main() {}
