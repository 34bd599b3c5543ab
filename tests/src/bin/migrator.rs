//! Migrates the database of `DATABASE_URL` once a line arrives: one of many processes that start together.

use std::io::{Write, stdin, stdout};

use sqlx::postgres::PgPoolOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = PgPoolOptions::new().max_connections(1).connect(&std::env::var("DATABASE_URL")?).await?;
    writeln!(stdout(), "ready")?;
    stdin().read_line(&mut String::new())?;
    commandbus::store::postgres::migrate(&pool).await?;
    Ok(())
}
