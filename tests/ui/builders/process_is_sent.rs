//! mistake: a process is sent
//! instead: `.start(&bus)`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [debit])]
impl Transfer {
    fn debit(&self) -> DebitAccount {
        DebitAccount
    }
}

async fn used(bus: Bus) {
    let _ = Transfer.send(&bus).await;
}

fn main() {}
