//! mistake: `#[on]` that only reads
//! instead: `&mut self`
//! mistake: `#[on]` without a reply
//! instead: `(&mut self, reply: u64)`
//! mistake: `#[on]` with more than the reply
//! instead: `(&mut self, reply: u64)`
//! mistake: a borrowed reply
//! instead: `reply: u64`
//! mistake: `#[on]` that returns something
//! instead: no return type; `next` says what follows
//! mistake: `#[on]` without `self`
//! instead: `&mut self`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve, second, third, fourth, fifth, sixth])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn second(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn third(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn fourth(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn fifth(&self) -> ReserveFunds {
        ReserveFunds
    }

    fn sixth(&self) -> ReserveFunds {
        ReserveFunds
    }

    #[on(reserve)]
    fn reads(&self, _: u64) {}

    #[on(second)]
    fn learns_nothing(&mut self) {}

    #[on(third)]
    fn learns_more(&mut self, _: u64, _: u64) {}

    #[on(fourth)]
    fn borrows(&mut self, _: &u64) {}

    #[on(fifth)]
    fn answers(&mut self, _: u64) -> bool {
        true
    }

    #[on(sixth)]
    fn has_no_state(_: u64) {}
}

// It is a process all the same: one mistake is one error.
fn used(transfer: Transfer) -> (impl Process, TransferStep, ReserveFunds) {
    let command = transfer.reserve();
    (transfer, TransferStep::Reserve, command)
}

fn main() {}
