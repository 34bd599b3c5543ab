use commandbus::prelude::*;

#[command(domain = "Card-Payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

fn main() {}
