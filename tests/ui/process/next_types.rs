//! mistake: a `next` that takes something else
//! instead: `done: TransferStep`
//! mistake: a `next` that returns something else
//! instead: `-> Next<TransferStep>`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn next(&self, done: usize) -> Option<TransferStep> {
        let _ = done;
        None
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
