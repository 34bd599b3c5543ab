//! mistake: `sensitive` on a field without a name
//! instead: a struct with named fields
//! mistake: `sensitive` on a flattened field
//! instead: the fields themselves, or the field without `flatten`

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Secret(#[command(sensitive)] String);

#[derive(Serialize, Deserialize)]
struct Card {
    number: String,
}

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Charge {
    #[serde(flatten)]
    #[command(sensitive)]
    card: Card,
}

fn main() {}
