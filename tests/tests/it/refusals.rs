//! Bad input to a bus: a typed error that says what to do, and nothing written, as the tables show.

mod databases;
mod duplicates;
mod hostile;
mod payloads;
