//! mistake: a step is listed twice
//! instead: `Next::Step` from `next`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve, release, reserve])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

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
