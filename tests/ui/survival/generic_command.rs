//! mistake: type parameters on a command that is used
//! instead: a command for each type

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Debit<T> {
    account: T,
}

fn spec() -> &'static str {
    Debit::<u64>::SPEC.name
}

fn used() -> (impl Command, impl Command) {
    (Debit { account: 1_u64 }, Debit { account: String::new() })
}

async fn sent(bus: &Bus) {
    Debit { account: 2_u64 }.send(bus).await.unwrap();
    bus.send_many([Debit { account: 3_u64 }]).await.unwrap();
    Debit::<u64>::batch("Monthly billing").push(Debit { account: 4 }).send(bus).await.unwrap();
}

#[handler]
async fn debit(command: Debit<u64>) {
    let _ = command.account;
}

fn main() {}
