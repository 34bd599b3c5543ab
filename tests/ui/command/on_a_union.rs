//! mistake: `#[command]` on a union
//! instead: a struct, or an enum for alternatives

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Clone, Copy)]
union Amount {
    cents: i64,
    units: u32,
}

fn main() {}
