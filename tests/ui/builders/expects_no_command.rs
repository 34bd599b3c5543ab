//! mistake: a test expects something that is no command
//! instead: the command that the step sends

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

struct Receipt;

async fn used(bus: Bus) {
    drop(bus);
    TestProcess::start(Transfer).expect::<Receipt>();
}

fn main() {}
