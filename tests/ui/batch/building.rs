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

#[batch(DebitAccount, CreditAccount)]
struct Settlement;

fn used(bus: &Bus) {
    let _ = Settlement::batch("November").push(DebitAccount).push(CloseMonth).send(bus);
    let _ = Settlement::batch("November").extend([CloseMonth]).send(bus);
    let _ = DebitAccount::batch("November").push(CreditAccount).send(bus);
    let _ = Settlement::batch("November").send(bus);
    let _ = Settlement::batch("November").push(DebitAccount).on_complete(|batch| drop(batch)).send(bus);
}

fn main() {}
