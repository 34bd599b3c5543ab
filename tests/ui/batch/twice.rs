//! mistake: two attributes on one batch
//! instead: one with all commands

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[batch(DebitAccount)]
#[batch(CreditAccount)]
struct Settlement;

// It is a batch all the same: one mistake is one error.
fn used(bus: &Bus) {
    let _ = Settlement::batch("November").push(DebitAccount).send(bus);
}

fn main() {}
