//! Owns a database until it is killed: a child process of the suite.
//!
//! Prints the database's URL once it is there.

use std::future::pending;
use std::io::{Write, stdout};

use commandbus::embedded::Database;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::from_env_or_embedded().await?;
    writeln!(stdout(), "{}", database.url())?;
    pending().await
}
