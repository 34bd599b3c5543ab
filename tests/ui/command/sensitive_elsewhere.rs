//! mistake: `#[command(sensitive)]` on a variant
//! instead: the mark on each sensitive field of the variant

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
enum Pay {
    #[command(sensitive)]
    Card(String),
    Cash,
}

fn used() -> Pay {
    Pay::Card(String::new())
}

fn main() {}
