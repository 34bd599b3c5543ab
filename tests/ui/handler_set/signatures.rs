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
    const LIMIT: u8 = 1;
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
