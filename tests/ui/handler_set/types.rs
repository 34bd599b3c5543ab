//! mistake: a method with something that is no command
//! instead: `#[command]` on its definition
//! mistake: a method with a parameter that cannot be taken
//! instead: `State<u64>`, or a type with `FromContext`
//! mistake: a method that returns another type than the reply of its command
//! instead: `()`, or `reply = u8` in its `#[command(..)]`

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
