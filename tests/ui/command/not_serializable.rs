//! mistake: `#[derive(Serialize)]` is missing
//! instead: `#[derive(Serialize, Deserialize)]`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Deserialize)]
struct DebitAccount;

fn main() {}
