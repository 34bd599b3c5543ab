//! mistake: another type than the reply that the command declares
//! instead: `u64`, as `reply = ..` says

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus) {
    let sent = DebitAccount.send(&bus).await.unwrap();
    let _: String = sent.reply().await.unwrap();
}

fn main() {}
