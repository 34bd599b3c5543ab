//! mistake: an error without `Display`
//! instead: `#[derive(thiserror::Error)]`, or `impl Display`

use commandbus::prelude::*;

#[derive(HandlerError)]
enum DebitError {
    #[permanent(code = "CLOSED")]
    Closed,
}

fn main() {}
