//! mistake: `#[process]` on the type
//! instead: `#[process(..)]` on an `impl` of it

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[process(domain = "transfers", steps = [reserve])]
#[derive(Serialize, Deserialize)]
struct Transfer;

impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
