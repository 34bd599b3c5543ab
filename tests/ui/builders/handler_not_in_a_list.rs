//! mistake: a function instead of a list
//! instead: `.handlers(handlers![debit_account])`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount) -> u64 {
    1
}

async fn used(bus: Bus) {
    let _ = Worker::new(&bus, "payments").handlers(debit_account);
}

fn main() {}
