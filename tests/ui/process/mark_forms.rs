//! mistake: options after `=`
//! instead: `#[step(timeout = "30s")]`
//! mistake: a timeout that is no text
//! instead: `#[step(timeout = "30s")]`
//! mistake: `#[on]` of two steps
//! instead: `#[on(reserve)]`, and a method for each step
//! mistake: the step as a text
//! instead: `#[undo(reserve)]`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve, debit])]
impl Transfer {
    #[step = "30s"]
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[step(timeout = 30)]
    fn debit(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[on(reserve, debit)]
    fn reserved(&mut self, _: u64) {}

    #[undo("reserve")]
    fn release(&self) -> ReleaseFunds {
        ReleaseFunds
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
