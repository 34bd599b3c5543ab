//! mistake: `#[batch]` on an enum
//! instead: `struct Settlement;`
//! mistake: a batch with a generic parameter
//! instead: `struct Generic;`
//! mistake: `#[batch]` on a function
//! instead: `struct Settlement;`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[batch(DebitAccount, CreditAccount)]
enum Settlement {}

#[batch(DebitAccount)]
struct Generic<T>(T);

#[batch(DebitAccount)]
fn settle() {}

// It is a batch all the same: one mistake is one error.
fn used(bus: &Bus) {
    let _ = Settlement::batch("November").push(DebitAccount).push(CreditAccount).send(bus);
}

fn main() {}
