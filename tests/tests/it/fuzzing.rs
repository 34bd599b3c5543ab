//! Random inputs where text of others is read: what cannot be read is refused or put aside, nothing panics, and nobody
//! beside it is hindered.
//!
//! The ordinary run takes a few seconds. A longer one, of all of these and of those of the other packages:
//!
//! ```sh
//! COMMANDBUS_INPUTS=100000 cargo test --workspace fuzzing -- --nocapture
//! ```
//!
//! A failure says which `COMMANDBUS_SEED` repeats it.

mod messages;
mod replies;
mod texts;
