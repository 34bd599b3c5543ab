//! What the macros make: a snapshot for every macro and every argument of it.
//!
//! After a change of the macros, write them anew and read the difference, which is the change as users see it:
//!
//! ```sh
//! INSTA_UPDATE=always cargo test --workspace --test expand --test unit_testing
//! ```
//!
//! That writes the example of a user's snapshots as well, and the sections "Expanded code" of the documentation, which are
//! these snapshots: see `docs`.

#[macro_use]
mod case;

mod batch;
mod command;
mod coverage;
mod docs;
mod handler;
mod handler_error;
mod handler_set;
mod process;
mod refused;
mod size;

use case::Case;

/// What is documented of each macro, by the name that it has in its attribute.
const DOCUMENTED: [&[Case]; 6] =
    [batch::CASES, command::CASES, handler::CASES, handler_error::CASES, handler_set::CASES, process::CASES];
