//! The macros in use: what they accept, and what the handlers made of it do when they are called.

mod bus_without_store;
mod commands;
mod expansions;
mod handlers;
mod hygiene;
mod outcomes;
