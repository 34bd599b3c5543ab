//! mistake: `#[inherit]` of an error that says nothing
//! instead: `#[transient(code = "..")]`

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error(transparent)]
    #[inherit]
    Database(#[from] std::io::Error),
}

fn main() {}
