//! mistake: commands of two domains in one batch
//! instead: two batches, one for each domain

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[command(domain = "billing")]
#[derive(Serialize, Deserialize)]
struct CloseMonth;

#[batch(DebitAccount, CreditAccount, CloseMonth)]
struct Settlement;

// It is a batch all the same: one mistake is one error.
fn used(bus: &Bus) {
    let _ = Settlement::batch("November").push(DebitAccount).push(CreditAccount).send(bus);
}

fn main() {}
