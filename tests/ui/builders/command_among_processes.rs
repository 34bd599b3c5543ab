//! mistake: a command in a batch of processes
//! instead: a process, or `DebitAccount::batch(..)`

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
    let _ = Transfer::batch("Payroll").push(DebitAccount).start(&bus).await;
}

fn main() {}
