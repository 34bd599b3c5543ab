//! The HTTP API, the pages and the command line on databases of their own.

mod api;
mod cli;
mod fuzzing;
mod house;
mod pages;
mod walk;
