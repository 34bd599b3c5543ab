use commandbus::prelude::*;

#[command(domain = "payments", group_by = acount)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    account: u64,
    cents: i64,
}

#[command(domain = "payments", group_by = iban)]
#[derive(Serialize, Deserialize)]
struct CreditAccount {
    account: u64,
    cents: i64,
}

#[command(domain = "payments", group_by = iban)]
#[derive(Serialize, Deserialize)]
struct CloseMonth {}

fn main() {}
