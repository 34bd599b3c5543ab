//! mistake: empty parentheses
//! instead: at least two steps in them
//! mistake: one step in parentheses
//! instead: the step without them
//! mistake: parentheses in parentheses
//! instead: one pair

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [(), (reserve), (debit, (credit, notify))])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn debit(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn credit(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn notify(&self) -> ReleaseFunds {
        ReleaseFunds
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
