//! mistake: an undo that takes the reply
//! instead: `&self` alone; `#[on]` keeps what a reply said
//! mistake: an undo that changes the process
//! instead: `&self`

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
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn debit(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[undo(reserve)]
    fn release(&self, _: u64) -> ReleaseFunds {
        ReleaseFunds
    }

    #[undo(debit)]
    fn credit(&mut self) -> ReleaseFunds {
        ReleaseFunds
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
