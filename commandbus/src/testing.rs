//! Floor 7: for the tests of a program that uses this library.

mod expected;
mod ledger;
mod looking;
mod test_process;

#[cfg(test)]
mod tests;

pub use expected::Expected;
#[cfg(test)]
pub(crate) use ledger::Ledger;
pub use looking::{outstanding, wait_for};
pub use test_process::TestProcess;
