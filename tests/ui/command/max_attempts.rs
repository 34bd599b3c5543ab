//! mistake: `max_attempts` as a text
//! instead: `max_attempts = 5`
//! mistake: a negative number of attempts
//! instead: `max_attempts = 1` for no retry
//! mistake: more attempts than can be counted
//! instead: a smaller number

use commandbus::prelude::*;

#[command(domain = "payments", max_attempts = "5")]
#[derive(Serialize, Deserialize)]
struct AsText;

#[command(domain = "payments", max_attempts = -1)]
#[derive(Serialize, Deserialize)]
struct Negative;

#[command(domain = "payments", max_attempts = 5_000_000_000)]
#[derive(Serialize, Deserialize)]
struct TooMany;

fn main() {}
