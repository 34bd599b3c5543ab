//! mistake: an argument is misspelt
//! instead: `domain = "payments"`
//! mistake: an argument that does not exist
//! instead: one of those that do

use commandbus::prelude::*;

#[command(domian = "payments", domain = "payments", priority = 3)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

fn main() {}
