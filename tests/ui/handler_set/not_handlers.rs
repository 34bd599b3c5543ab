//! mistake: a function instead of a list
//! instead: `.handlers(handlers![debit])`
//! mistake: the name of a handler as a text
//! instead: `.handlers(handlers![debit])`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit(_: DebitAccount) {}

fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(debit);
    let _ = Worker::new(bus, "payments").handlers("debit");
}

fn main() {}
