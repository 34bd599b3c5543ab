use commandbus::prelude::*;

#[command(domain = "payments")]
fn debit_account() {}

fn main() {
    debit_account();
}
