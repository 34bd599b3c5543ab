use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
struct Payments;

impl Payments {
    #[handler]
    async fn debit_account(&self, _: DebitAccount) {}
}

fn main() {}
