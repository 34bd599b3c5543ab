//! mistake: a text among the commands
//! instead: the type, `DebitAccount`
//! mistake: a key that is none
//! instead: leave it out: a batch has the domain of its commands
//! mistake: a command listed twice
//! instead: leave it out

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[batch(DebitAccount, "Debit", domain = "payments", CreditAccount, DebitAccount)]
struct Settlement;

// It is a batch all the same: one mistake is one error.
fn used(bus: &Bus) {
    let _ = Settlement::batch("November").push(DebitAccount).push(CreditAccount).send(bus);
}

fn main() {}
