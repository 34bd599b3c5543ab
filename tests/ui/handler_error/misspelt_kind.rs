//! mistake: a misspelt kind
//! instead: `#[permanent(code = "CLOSED")]`

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error("closed")]
    #[permanant(code = "CLOSED")]
    Closed,
}

fn main() {}
