//! mistake: what is listed first is no command
//! instead: a type with `#[command]`
//! mistake: what is listed last is no command
//! instead: a type with `#[command]`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

struct CloseMonth;

struct OpenMonth;

#[batch(OpenMonth, DebitAccount, CreditAccount, CloseMonth)]
struct Settlement;

// It is a batch all the same: one mistake is one error.
fn used(bus: &Bus) {
    let _ = Settlement::batch("November").push(DebitAccount).push(CreditAccount).send(bus);
}

fn main() {}
