//! mistake: an async `next`
//! instead: `fn next`
//! mistake: a `next` that changes the process
//! instead: `&self`
//! mistake: a `next` with more parameters
//! instead: `(&self, done: TransferStep)`
//! mistake: a `next` that says nothing
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

    async fn next(&mut self, _: TransferStep, _: bool) {}
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
