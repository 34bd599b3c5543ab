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
