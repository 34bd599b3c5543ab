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
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[undo(resreve)]
    fn release(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    #[on(refund)]
    fn refunded(&mut self, _: u64) {}

    #[on]
    fn learned(&mut self, _: u64) {}

    #[on(reserve)]
    const LIMIT: u64 = 1;
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
