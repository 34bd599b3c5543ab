//! mistake: `#[derive(Deserialize)]` is missing on a state without options
//! instead: `#[derive(Serialize, Deserialize)]`

use commandbus::prelude::*;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[derive(Serialize)]
struct Transfer;

#[process(domain = "transfers", steps = [reserve])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }
}

fn main() {}
