//! mistake: `#[process]` on an `impl` of a trait
//! instead: an `impl` of the type itself

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

trait Reserves {
    fn reserve(&self) -> ReserveFunds;
}

#[process(domain = "transfers", steps = [reserve])]
impl Reserves for Transfer {
    #[step(timeout = "30s")]
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
