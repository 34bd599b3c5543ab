//! mistake: a code for `#[inherit]`
//! instead: `#[inherit]`

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error(transparent)]
    #[inherit(code = "DATABASE")]
    Other(#[from] Failure),
}

fn main() {}
