//! mistake: a variant that does not say what it means
//! instead: one of the four attributes

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error("closed")]
    #[permanent(code = "CLOSED")]
    Closed,
    #[error("insufficient funds")]
    Insufficient,
}

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

// The handler itself is fine.
#[handler]
async fn debit_account(_: DebitAccount) -> Result<(), DebitError> {
    Err(DebitError::Insufficient)
}

fn main() {}
