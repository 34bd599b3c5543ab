//! mistake: a listed step is misspelt
//! instead: the name of the method
//! mistake: a listed step without a method
//! instead: `fn settle(&self) -> ..`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserv, settle])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[undo(reserve)]
    fn release(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn next(&self, done: TransferStep) -> Next<TransferStep> {
        match done {
            TransferStep::Reserve => Next::Step(TransferStep::Settle),
            TransferStep::Settle => Next::Finish,
        }
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
