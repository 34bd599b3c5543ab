//! mistake: type parameters on a command
//! instead: a command for each type

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Debit<T> {
    account: T,
}

fn main() {}
