//! mistake: one variant does not say what it means, and the error is used twenty times
//! instead: one of the four attributes on the variant

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    cents: u64,
}

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error("account {0} is closed")]
    #[permanent(code = "CLOSED")]
    Closed(u64),
    #[error("insufficient funds")]
    Insufficient,
}

#[derive(Debug, thiserror::Error, HandlerError)]
enum Outer {
    #[error(transparent)]
    #[inherit]
    Debit(#[from] DebitError),
}

#[derive(Debug, thiserror::Error, HandlerError)]
#[error(transparent)]
#[inherit]
struct Wrapped(#[from] DebitError);

#[handler]
async fn debit_account(_: DebitAccount) -> Result<u64, DebitError> {
    Err(DebitError::Insufficient)
}

#[handler]
async fn debit_again(_: DebitAccount) -> Result<u64, Outer> {
    Err(DebitError::Closed(1))?
}

#[handler]
async fn debit_wrapped(_: DebitAccount) -> Result<u64, Wrapped> {
    Err(DebitError::Closed(2))?
}

fn failure(error: &DebitError) -> Failure {
    error.failure()
}

fn failures() -> Vec<Failure> {
    vec![
        DebitError::Insufficient.failure(),
        HandlerError::failure(&DebitError::Closed(3)),
        Outer::from(DebitError::Insufficient).failure(),
        Wrapped(DebitError::Insufficient).failure(),
        failure(&DebitError::Closed(4)),
    ]
}

fn text(error: DebitError) -> String {
    match error {
        DebitError::Closed(5) => "five".to_owned(),
        DebitError::Closed(_) | DebitError::Insufficient => error.to_string(),
    }
}

fn dynamic(error: DebitError) -> Box<dyn std::error::Error + Send + Sync> {
    error.into()
}

fn taken(_: impl HandlerError) {}

fn given() {
    taken(DebitError::Insufficient);
    taken(DebitError::Closed(6));
}

fn lists() -> [commandbus::handler::HandlerList; 3] {
    [handlers![debit_account], handlers![debit_again], handlers![debit_wrapped]]
}

fn main() {}
