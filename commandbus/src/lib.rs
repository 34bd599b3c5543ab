#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! | to | see |
//! |---|---|
//! | write a command and its handler | [`#[command]`](macro@command), [`#[handler]`](macro@handler), [`#[derive(HandlerError)]`](macro@HandlerError), [`#[handler_set]`](macro@handler_set) |
//! | send | [`Bus`](bus::Bus), [`CommandExt::send`](bus::CommandExt::send), [`BatchBuilder`](bus::BatchBuilder), [`UntypedCommand`](bus::UntypedCommand) |
//! | work | [`Worker`](worker::Worker), [`Context`](handler::Context), [`State`](handler::State), [`Tx`](handler::Tx), [`FromContext`](handler::FromContext) |
//! | let commands follow one another | [`#[process]`](macro@process), [`ProcessExt::start`](process::ProcessExt::start), [`Next`](process::Next) |
//! | look after what failed | [`Bus::troubleshooting`](bus::Bus::troubleshooting), [`ops`] |
//! | test | [`Bus::in_memory`](bus::Bus::in_memory), [`testing`], [`expansion_of!`], [`catalog()`] |
//! | deploy | [`Bus::migrate`](bus::Bus::migrate), [`Catalog::check`](catalog::Catalog::check), [`telemetry`] |
#![cfg_attr(docsrs, feature(doc_cfg))]

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
