//! mistake: a batch of something that is no command
//! instead: a type with `#[command]` or `#[batch(..)]`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Receipt;

async fn used(bus: Bus) {
    let _ = Receipt::batch("Monthly billing").push(DebitAccount).send(&bus).await;
}

fn main() {}
