//! mistake: a step that returns no command
//! instead: a type with `#[command]`
//! mistake: an undo that returns no command
//! instead: a type with `#[command]`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve, count])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn count(&self) -> u64 {
        1
    }

    #[on(count)]
    fn counted(&mut self, _: u64) {}

    #[undo(count)]
    fn uncount(&self) -> Transfer {
        Transfer
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
