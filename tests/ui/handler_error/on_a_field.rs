//! mistake: the kind on a field
//! instead: `#[transient(code = "DATABASE")]` on the variant

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error(transparent)]
    Database(#[from] #[transient(code = "DATABASE")] std::io::Error),
}

fn main() {}
