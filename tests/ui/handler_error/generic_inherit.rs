//! mistake: `#[inherit]` of a type parameter that may be anything
//! instead: `E: HandlerError`

use commandbus::prelude::*;

#[derive(Debug, HandlerError)]
enum DebitError<E> {
    #[inherit]
    Other(E),
}

fn main() {}
