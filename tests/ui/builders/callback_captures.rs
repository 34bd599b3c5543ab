//! mistake: a callback that captures what stays on one thread
//! instead: `Arc` in place of `Rc`
//! mistake: a callback of a batch of processes that does
//! instead: `Arc` in place of `Rc`

use std::rc::Rc;

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
    let count = Rc::new(1);
    let batch = DebitAccount::batch("Monthly billing").push(DebitAccount);
    let callback = move |_| async move {
        std::future::ready(()).await;
        drop(count);
    };
    let _ = batch.on_complete(callback).send(&bus).await;
}

async fn used_by_processes(bus: Bus) {
    let count = Rc::new(1);
    let batch = Transfer::batch("Payroll").push(Transfer);
    let callback = move |_| {
        drop(count);
        async {}
    };
    let _ = batch.on_complete(callback).start(&bus).await;
}

fn main() {}
