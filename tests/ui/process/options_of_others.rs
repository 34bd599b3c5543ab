//! mistake: the timeout of a step on the process
//! instead: `#[step(timeout = "30s")]` on the step
//! mistake: the reply on the process
//! instead: `#[command(reply = ..)]` on the command

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve], timeout = "30s", reply = u64)]
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
