//! mistake: no step
//! instead: `steps = [reserve]`

use commandbus::prelude::*;

#[command(domain = "accounts", reply = u64)]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReleaseFunds;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }
}

fn main() {}
