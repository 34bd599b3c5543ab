//! mistake: a struct that does not say what it means
//! instead: `#[permanent(code = "CLOSED")]` on the struct

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
#[error("closed")]
struct Closed;

fn main() {}
