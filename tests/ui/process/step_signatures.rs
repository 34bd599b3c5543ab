//! mistake: a step that takes something
//! instead: `&self` alone
//! mistake: a step that changes the process
//! instead: `&self`
//! mistake: a step that consumes the process
//! instead: `&self`
//! mistake: a step without `self`
//! instead: `&self`
//! mistake: an async step
//! instead: `fn`
//! mistake: a generic step
//! instead: a step for each type
//! mistake: an unnamed command
//! instead: the type itself
//! mistake: a borrowed command
//! instead: the type itself

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve, takes, changes, consumes, reads_nothing, waits, any, some, lends])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn takes(&self, _: i64, _: u64) -> ReleaseFunds {
        ReleaseFunds
    }

    fn changes(&mut self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn consumes(self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn reads_nothing() -> ReleaseFunds {
        ReleaseFunds
    }

    async fn waits(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn any<T>(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn some(&self) -> impl Command {
        ReleaseFunds
    }

    fn lends(&self) -> &ReleaseFunds {
        &ReleaseFunds
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
