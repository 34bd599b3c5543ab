use commandbus::prelude::*;

#[command(domian = "payments", domain = "payments", priority = 3)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

fn main() {}
