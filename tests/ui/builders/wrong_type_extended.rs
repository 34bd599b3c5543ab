//! mistake: the batch is extended by commands of another type
//! instead: `#[batch(DebitAccount, CloseMonth)] struct Both;` and `Both::batch(..)`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "billing")]
#[derive(Serialize, Deserialize)]
struct CloseMonth;

async fn used(bus: Bus) {
    let _ = DebitAccount::batch("Monthly billing").extend([CloseMonth, CloseMonth]).send(&bus).await;
}

fn main() {}
