use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct CreditAccount;

struct Payments;

#[handler_set]
impl Payments {
    #[handler]
    async fn credit(&self, _: CreditAccount) {}

    #[handler]
    async fn debit(&self, _: DebitAccount, _: Context, _: u64) -> Result<u8, Failure> {
        Ok(1)
    }
}

// It is a set all the same: one mistake is one error.
fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(Payments);
}

fn main() {}
