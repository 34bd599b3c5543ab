//! mistake: a type of one's own as a parameter that stays on one thread
//! instead: `Arc` in place of `Rc`
//! mistake: the handler that keeps it
//! instead: `Arc` in place of `Rc`

use std::rc::Rc;

use commandbus::{handler::Need, prelude::*};

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

struct Tenant(Rc<str>);

impl FromContext for Tenant {
    const NEEDS: &'static [Need] = &[];

    async fn from_context(_: &Context) -> Result<Self, Failure> {
        Ok(Self("acme".into()))
    }
}

#[handler]
async fn debit_account(_: DebitAccount, tenant: Tenant) {
    drop(tenant.0);
}

fn main() {}
