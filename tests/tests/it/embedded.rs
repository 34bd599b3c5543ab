//! The private PostgreSQL: it starts, it can be used, and it leaves nothing behind however its owner ends.

mod ending;
mod starting;
mod traces;

use std::time::Duration;

const OWNER: &str = env!("CARGO_BIN_EXE_database_owner");
/// Far beyond what starting and stopping take, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
