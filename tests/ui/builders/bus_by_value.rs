//! mistake: the bus is given away
//! instead: `.send(&bus)`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let _ = DebitAccount.send(bus).await;
}

fn main() {}
