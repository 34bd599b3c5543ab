//! mistake: `#[inherit]` with two fields
//! instead: one field, the error inside

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error("{0}, {1}")]
    #[inherit]
    Other(Failure, u32),
}

fn main() {}
