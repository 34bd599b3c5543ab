//! mistake: version 0
//! instead: `version = 1`, or leave it out
//! mistake: upcasts without a version
//! instead: `version = 2`
//! mistake: an upcast from version 0
//! instead: leave it out: the first version is 1
//! mistake: an upcast from the version that the command is at
//! instead: leave it out, or `version = 3`
//! mistake: an upcast from a version after that of the command
//! instead: leave it out, or `version = 4`
//! mistake: two upcasts from one version
//! instead: one of them
//! mistake: no upcast from version 2 on
//! instead: `2 = ..`
//! mistake: no upcast from version 4 on
//! instead: `4 = ..`
//! mistake: the version as a text
//! instead: `version = 2`
//! mistake: an upcast without the version that it starts from
//! instead: `upcast(1 = Debit::from_v1)`

use commandbus::prelude::*;

#[command(domain = "payments", version = 0)]
#[derive(Serialize, Deserialize)]
struct NoVersion;

#[command(domain = "payments", upcast(1 = NotVersioned::from_v1))]
#[derive(Serialize, Deserialize)]
struct NotVersioned;

#[command(domain = "payments", version = 2, upcast(0 = a, 1 = b, 2 = c, 3 = d))]
#[derive(Serialize, Deserialize)]
struct FromLater;

#[command(domain = "payments", version = 5, upcast(1 = a, 3 = c, 1 = b))]
#[derive(Serialize, Deserialize)]
struct Twice;

#[command(domain = "payments", version = 6, upcast(1 = a, 3 = c))]
#[derive(Serialize, Deserialize)]
struct Gaps;

#[command(domain = "payments", version = "2", upcast(Debit::from_v1))]
#[derive(Serialize, Deserialize)]
struct Misspelt;

fn main() {}
