//! mistake: a state that stays on one thread
//! instead: `State<Arc<..>>`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[derive(Clone)]
struct Ledger(std::rc::Rc<u64>);

#[handler]
async fn debit_account(_: DebitAccount, State(_ledger): State<Ledger>) {}

fn main() {}
