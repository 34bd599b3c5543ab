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
