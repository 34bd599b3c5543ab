//! mistake: an argument is misspelt
//! instead: `domain = "transfers"`
//! mistake: an argument that does not exist
//! instead: one of those that do
//! mistake: an option of a step is misspelt
//! instead: `#[step(timeout = "30s")]`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domian = "transfers", domain = "transfers", steps = [reserve], priority = 3)]
impl Transfer {
    #[step(time_out = "30s")]
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
