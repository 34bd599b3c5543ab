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
