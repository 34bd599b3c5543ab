//! mistake: a borrowed reply
//! instead: `reply = String`
//! mistake: a reply without a name
//! instead: the type itself
//! mistake: a `Result` as the reply
//! instead: `reply = Receipt`; the handler still returns `Result<Receipt, E>`
//! mistake: a reply to be inferred
//! instead: the type itself

use commandbus::prelude::*;

#[command(domain = "payments", reply = &'static str)]
#[derive(Serialize, Deserialize)]
struct Borrowed;

#[command(domain = "payments", reply = impl Serialize)]
#[derive(Serialize, Deserialize)]
struct Unnamed;

#[command(domain = "payments", reply = Result<u64, String>)]
#[derive(Serialize, Deserialize)]
struct Fallible;

#[command(domain = "payments", reply = _)]
#[derive(Serialize, Deserialize)]
struct Inferred;

fn main() {}
