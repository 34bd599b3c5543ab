//! mistake: `#[handler]` on a function of an `impl`
//! instead: `&self`, and `#[handler_set]` on the `impl`; or the function outside of it

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Payments;

impl Payments {
    #[handler]
    async fn debit_account(command: DebitAccount, _: Context) -> Result<(), Failure> {
        drop(command);
        Ok(())
    }
}

async fn used(context: Context) {
    let _ = Payments::debit_account(DebitAccount, context).await;
}

fn main() {}
