use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Debit<T> {
    account: T,
}

fn main() {}
