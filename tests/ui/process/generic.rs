//! mistake: type parameters on a process
//! instead: a process for each type
//! mistake: type arguments on a process
//! instead: a type of its own

use commandbus::prelude::*;

#[command(domain = "accounts")]
#[derive(Serialize, Deserialize)]
struct ReserveFunds;

#[derive(Serialize, Deserialize)]
struct Transfer<T>(T);

#[process(domain = "transfers", steps = [reserve])]
impl<T> Transfer<T> {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }
}

#[derive(Serialize, Deserialize)]
struct Payment<T>(T);

#[process(domain = "transfers", steps = [reserve])]
impl Payment<u64> {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds
    }
}

fn used(_: TransferStep, payment: Payment<u64>) -> ReserveFunds {
    payment.reserve()
}

fn main() {}
