use commandbus::prelude::*;

#[command(domain = "payments", group_by = account)]
#[derive(Serialize, Deserialize)]
enum Payment {
    Debit { account: u64 },
}

#[command(domain = "payments", group_by = account)]
#[derive(Serialize, Deserialize)]
struct DebitAccount(u64);

#[command(domain = "payments", group_by = account)]
#[derive(Serialize, Deserialize)]
struct CloseMonth;

fn main() {}
