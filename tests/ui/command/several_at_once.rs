use commandbus::prelude::*;

#[command(
    domain = payments,
    name = "",
    aliases("Debit", "Debit"),
    max_attempts = 0,
    backoff = "10s, soon",
    timeout = "30",
    timeout = "30s",
    reply
)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    #[command(sensitiv)]
    card: String,
}

fn main() {}
