//! That the jobs were really sent, and really done: asked of the tables of each system.

use crate::{Error, server::Database, system::System};

/// So many wait.
pub async fn sent(system: &System, database: &Database, jobs: usize) -> Result<(), Error> {
    equal(system, "jobs wait", database.count(system.profile.waiting).await?, jobs)
}

/// None waits, and so many are done, where done ones are kept.
pub async fn done(system: &System, database: &Database, jobs: usize) -> Result<(), Error> {
    equal(system, "jobs wait", database.count(system.profile.waiting).await?, 0)?;
    match system.profile.done {
        Some(done) => equal(system, "jobs are done", database.count(done).await?, jobs),
        None => Ok(()),
    }
}

/// A number that has to be another.
pub fn equal(system: &System, what: &str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{}: {found} {what} instead of {expected}", system.profile.name).into())
}
