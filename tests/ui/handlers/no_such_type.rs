use commandbus::prelude::*;

struct DebitAccount;

mod payments {
    pub async fn debit_account() {}
}

fn main() {
    let _ = handlers![DebitAccount];
    let _ = handlers![payments::debit_account];
}
