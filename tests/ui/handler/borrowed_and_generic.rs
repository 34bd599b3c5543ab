//! mistake: a borrowed parameter
//! instead: `context: Context`
//! mistake: type parameters on a handler
//! instead: a handler for each command
//! mistake: `impl Command` as the command
//! instead: the type itself

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[handler]
async fn debit_account(_: DebitAccount, _: &Context) {}

#[handler]
async fn credit_account<T: Command>(_: T) {}

#[handler]
async fn close_account(_: impl Command) {}

fn main() {}
