//! mistake: `#[step]` twice on one method
//! instead: one `#[step(..)]`
//! mistake: `#[step]` on what is no step
//! instead: the method in `steps = [..]`

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
    #[step(timeout = "30s")]
    #[step(aliases("hold"))]
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[undo(reserve)]
    #[step(timeout = "30s")]
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
