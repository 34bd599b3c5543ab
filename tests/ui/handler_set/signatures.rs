//! mistake: `#[handler]` on a constant
//! instead: `#[handler]` on a method
//! mistake: a handler of a set without `&self`
//! instead: `async fn lonely(&self, command: DebitAccount)`
//! mistake: a handler of a set that changes it
//! instead: `&self`, and a `Mutex` around what changes
//! mistake: a handler of a set that consumes it
//! instead: `&self`
//! mistake: a method that is not async
//! instead: `async fn`
//! mistake: a method without a command
//! instead: `async fn idle(&self, command: DebitAccount)`
//! mistake: a function of a set without anything
//! instead: `async fn empty(&self, command: DebitAccount)`
//! mistake: a method with its command in the second place
//! instead: the command first
//! mistake: a method that borrows its command
//! instead: `DebitAccount`
//! mistake: a method with two transactions
//! instead: one `Tx`
//! mistake: a method that borrows its command mutably
//! instead: `DebitAccount`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

struct Payments;

#[handler_set]
impl Payments {
    #[handler]
    async fn lonely(command: DebitAccount) {
        drop(command);
    }

    #[handler]
    async fn changes(&mut self, _: DebitAccount) {}

    #[handler]
    async fn consumes(self, _: DebitAccount) {}

    #[handler]
    fn waits_for_nothing(&self, _: DebitAccount) {}

    #[handler]
    async fn idle(&self) {}

    #[handler]
    async fn empty() {}

    #[handler]
    async fn turned_round(&self, _: Context, _: DebitAccount) {}

    #[handler]
    async fn lends(&self, _: &DebitAccount, _: Tx, _: Tx) {}

    #[handler]
    async fn lends_and_changes(&self, _: &mut DebitAccount) {}

    #[handler]
    const LIMIT: u8 = 1;
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
