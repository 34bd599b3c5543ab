//! The page of the guide that needs `commandbus-ops`, compiled as documentation; the example is the program.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/operating.md")]
mod guide {}
