//! mistake: `#[on]` or `#[undo]` on `next`
//! instead: another name
//! mistake: `#[on]` on a step
//! instead: a method of its own
//! mistake: `#[on]` and `#[undo]` on one method
//! instead: a method for each

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve, settle])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[on(reserve)]
    fn settle(&mut self, _: u64) {}

    #[on(settle)]
    #[undo(settle)]
    fn both(&mut self, _: u64) {}

    #[undo(reserve)]
    fn next(&self) -> ReleaseFunds {
        ReleaseFunds
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
