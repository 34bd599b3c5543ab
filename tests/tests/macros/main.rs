//! The macros in use: what they accept, and what the handlers made of it do when they are called.

use std::sync::Arc;

use commandbus::{prelude::*, store::memory::MemoryStore};

mod batches;
mod commands;
mod handlers;
mod hygiene;
mod linking;
mod outcomes;
mod processes;
mod sets;
mod versions;

/// The bus of contexts made by hand.
fn bus() -> Bus {
    Bus::from_store(Arc::new(MemoryStore::new()))
}
