//! What the suites share: one PostgreSQL a run, one database a test.

mod administrator;
mod database;
mod leftovers;
mod template;

pub use self::database::TestDatabase;
