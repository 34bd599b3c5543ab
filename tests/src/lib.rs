//! What the suites share: one PostgreSQL a run, one database a test.
