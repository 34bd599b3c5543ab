//! mistake: a hyphen and upper-case letters in the domain
//! instead: `domain = "card_payments"`

use commandbus::prelude::*;

#[command(domain = "Card-Payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

fn main() {}
