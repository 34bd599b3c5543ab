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
