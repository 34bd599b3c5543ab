use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(
    domain = "transfers",
    steps = [reserve, a1, a_1, _1, self_],
    name = "",
    aliases("Payment", "Payment"),
    deadline = "0s"
)]
impl Transfer {
    #[step(timeout = "0ms", aliases("a1", "hold", "hold", ""))]
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn a1(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn a_1(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn _1(&self) -> ReleaseFunds {
        ReleaseFunds
    }

    fn self_(&self) -> ReleaseFunds {
        ReleaseFunds
    }
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
