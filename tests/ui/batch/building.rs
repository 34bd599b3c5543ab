//! mistake: a command that is not listed is pushed
//! instead: a command of the list, or `CloseMonth` in the list if it is of the same domain
//! mistake: a batch is extended by commands that are not listed
//! instead: commands of the list
//! mistake: a second type in a batch of one
//! instead: `#[batch(DebitAccount, CreditAccount)]` on a struct
//! mistake: a batch of several types is sent without a command
//! instead: `.push(command)` before `.send(&bus)`
//! mistake: a callback that is not async
//! instead: `|batch| async move { .. }`

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
