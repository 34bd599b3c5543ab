//! mistake: two methods learn from one step
//! instead: one of them
//! mistake: two methods undo one step
//! instead: one of them

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

    #[undo(reserve)]
    fn release(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    #[undo(reserve)]
    fn release_again(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    #[on(reserve)]
    fn reserved(&mut self, _: u64) {}

    #[on(reserve)]
    fn reserved_again(&mut self, _: u64) {}
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
