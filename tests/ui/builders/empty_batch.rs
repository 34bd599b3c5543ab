//! mistake: a batch without a command is sent
//! instead: `.push(command)` before `.send(&bus)`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let _ = DebitAccount::batch("Monthly billing").send(&bus).await;
}

fn main() {}
