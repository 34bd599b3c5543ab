//! mistake: a generic set
//! instead: one concrete type, with an `Arc<dyn Ledger>` as a field
//! mistake: a set with a lifetime
//! instead: a type that owns its fields

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Payments<L>(L);

#[handler_set]
impl<L: Send> Payments<L> {
    #[handler]
    async fn debit(&self, _: DebitAccount) {}
}

struct Borrowed<'a>(&'a str);

#[handler_set]
impl Borrowed<'_> {
    #[handler]
    async fn debit(&self, _: DebitAccount) {}
}

fn main() {}
