//! mistake: a command is not awaited
//! instead: `.send(&bus).await?`

#![deny(unused_must_use)]

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    DebitAccount.send(&bus);
}

fn main() {}
