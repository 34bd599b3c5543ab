//! mistake: an empty name
//! instead: `name = "Transfer"`, or leave it out
//! mistake: an alias twice
//! instead: it once
//! mistake: a deadline of zero
//! instead: leave `deadline` out
//! mistake: two steps that make one variant
//! instead: another name for one of them
//! mistake: a step that makes no variant
//! instead: a name with a letter first
//! mistake: a step that makes a keyword
//! instead: another name
//! mistake: an alias that is the name of a step
//! instead: another alias
//! mistake: an alias of a step twice
//! instead: it once
//! mistake: an empty alias
//! instead: a name
//! mistake: a timeout of zero
//! instead: leave `timeout` out

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
