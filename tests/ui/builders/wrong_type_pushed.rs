//! mistake: a command of another type is pushed
//! instead: `#[batch(DebitAccount, CloseMonth)] struct Both;` and `Both::batch(..)`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "billing")]
#[derive(Serialize, Deserialize)]
struct CloseMonth;

async fn used(bus: Bus) {
    let _ = DebitAccount::batch("Monthly billing").push(CloseMonth).send(&bus).await;
}

fn main() {}
