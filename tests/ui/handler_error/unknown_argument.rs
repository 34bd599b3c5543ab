//! mistake: an unknown argument of the type
//! instead: `#[handler_error(crate = ::path)]`

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
#[error("closed")]
#[handler_error(krate = ::commandbus)]
#[permanent(code = "CLOSED")]
struct Closed;

fn main() {}
