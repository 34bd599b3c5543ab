//! mistake: one mistake in a handler that is used twenty times
//! instead: `async fn debit_account`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    cents: u64,
}

#[handler]
pub fn debit_account(command: DebitAccount, context: Context) -> Result<u64, Failure> {
    drop(context);
    Ok(command.cents)
}

const ENTRY: commandbus::handler::HandlerEntry = <debit_account as commandbus::handler::Handler>::ENTRY;

mod elsewhere {
    pub use super::debit_account;
}

fn lists() -> Vec<commandbus::handler::HandlerList> {
    vec![
        handlers![debit_account],
        handlers![debit_account],
        handlers![debit_account],
        handlers![debit_account],
        handlers![debit_account],
        handlers![debit_account],
        handlers![debit_account],
        handlers![debit_account],
        handlers![debit_account],
        handlers![elsewhere::debit_account],
        handlers![crate::debit_account],
        handlers![self::debit_account],
    ]
}

fn worker(bus: &Bus) {
    let _ = Worker::new(bus, "payments").handlers(handlers![debit_account]).build();
}

fn called(context: Context) -> Result<u64, Failure> {
    debit_account(DebitAccount { cents: 1 }, context.clone())?;
    elsewhere::debit_account(DebitAccount { cents: 2 }, context.clone())?;
    crate::debit_account(DebitAccount { cents: 3 }, context)
}

fn passed() -> fn(DebitAccount, Context) -> Result<u64, Failure> {
    debit_account
}

fn asked() -> &'static str {
    let _ = ENTRY.name;
    <debit_account as commandbus::handler::Handler>::ENTRY.file
}

fn main() {}
