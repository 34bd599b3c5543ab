//! mistake: a batch without a process is started
//! instead: `.push(process)` before `.start(&bus)`

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
    let _ = Transfer::batch("Payroll").start(&bus).await;
}

fn main() {}
