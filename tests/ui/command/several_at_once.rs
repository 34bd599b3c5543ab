//! mistake: the domain is no text
//! instead: `domain = "payments"`
//! mistake: an argument twice
//! instead: it once
//! mistake: an argument without its value
//! instead: `reply = Receipt`
//! mistake: `sensitive` is misspelt
//! instead: `#[command(sensitive)]`
//! mistake: an empty name
//! instead: `name = "DebitAccount"`, or leave it out
//! mistake: an alias twice
//! instead: it once
//! mistake: no attempt at all
//! instead: `max_attempts = 1` for no retry
//! mistake: a pause that is no duration
//! instead: `backoff = "10s, 60s"`
//! mistake: a duration without its unit
//! instead: `timeout = "30s"`

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
