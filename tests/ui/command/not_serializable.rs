use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Deserialize)]
struct DebitAccount;

fn main() {}
