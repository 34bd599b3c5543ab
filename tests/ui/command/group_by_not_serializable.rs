//! mistake: a group by a field that is not written
//! instead: a field that serde writes: text, a number or a bool

use commandbus::prelude::*;

#[derive(Default)]
struct Cache;

#[command(domain = "payments", group_by = cache)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    #[serde(skip)]
    cache: Cache,
}

fn main() {}
