//! mistake: something that is no command is pushed
//! instead: a type with `#[command]`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Receipt;

async fn used(bus: Bus) {
    let _ = DebitAccount::batch("Monthly billing").push(Receipt).send(&bus).await;
}

fn main() {}
