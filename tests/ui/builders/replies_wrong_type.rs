//! mistake: a test replies with another type
//! instead: `u64`, as `reply = ..` says

use commandbus::{prelude::*, testing::TestProcess};

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[derive(Serialize, Deserialize)]
struct Transfer;

#[process(domain = "transfers", steps = [debit])]
impl Transfer {
    fn debit(&self) -> DebitAccount {
        DebitAccount
    }
}

async fn used(bus: Bus) {
    drop(bus);
    TestProcess::start(Transfer).expect::<DebitAccount>().reply("done");
}

fn main() {}
