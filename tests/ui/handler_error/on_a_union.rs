//! mistake: the derive on a union
//! instead: an enum or a struct

use commandbus::prelude::*;

#[derive(HandlerError)]
union DebitError {
    code: u32,
    other: i32,
}

fn main() {}
