#![doc = include_str!("../README.md")]

// The macros name the library from outside; so its own code can use them.
#[allow(unused_extern_crates, reason = "only generated code needs it")]
extern crate self as commandbus;

pub mod bus;
pub mod catalog;
#[cfg(all(feature = "embedded", unix))]
pub mod embedded;
pub mod error;
pub mod handler;
pub mod message;
pub mod ops;
pub mod prelude;
pub mod process;
pub mod store;
pub mod telemetry;
pub mod testing;
pub mod worker;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

mod macros;

pub use catalog::catalog;
pub use macros::{HandlerError, batch, command, expansion_of, handler, handler_set, process};
pub use message::HandlerError;
