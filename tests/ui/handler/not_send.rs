//! mistake: a value that is not `Send` is kept across an `.await`
//! instead: `Arc` in place of `Rc`, or drop it before

use std::rc::Rc;

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn other() {}

#[handler]
async fn debit_account(_: DebitAccount, _: Context) -> Result<(), Failure> {
    let counter = Rc::new(1);
    other().await;
    drop(counter);
    Ok(())
}

fn main() {}
