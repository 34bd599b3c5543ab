//! mistake: `#[on]` of nothing
//! instead: `#[on(reserve)]`
//! mistake: `#[on]` on a constant
//! instead: `#[on(..)]` on a method
//! mistake: `#[on]` of what is no step
//! instead: a step of the list
//! mistake: `#[undo]` of a misspelt step
//! instead: the name as it is listed

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

    #[undo(resreve)]
    fn release(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    #[on(refund)]
    fn refunded(&mut self, _: u64) {}

    #[on]
    fn learned(&mut self, _: u64) {}

    #[on(reserve)]
    const LIMIT: u64 = 1;
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
