//! mistake: an empty list of commands
//! instead: `#[batch(DebitAccount, CreditAccount)]`
//! mistake: no list of commands
//! instead: `#[batch(DebitAccount, CreditAccount)]`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[batch()]
struct Settlement;

#[batch]
struct Other;

// It is a batch all the same: one mistake is one error.
fn used() {
    let _ = (Settlement::batch("November"), Other::batch("November"));
}

fn main() {}
