//! The HTTP API and the command line on databases of their own.

mod api;
mod cli;
mod house;
