//! What a test has to say when it does not fail: how much it did, and from which seed.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Writes a line to standard error, past what the harness holds back.
pub fn report(line: impl Display) {
    // Who does not listen misses it.
    let _ = writeln!(io::stderr(), "{line}");
}
