//! What is done: something of everything that the library can do.

use std::time::{Duration, SystemTime};

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};

/// When a command was sent, in microseconds by the clock of the machine that both sides run on; none where it was meant
/// to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn now() -> Self {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self(since.as_micros() as u64)
    }

    pub(crate) fn elapsed(self) -> Duration {
        Duration::from_micros(Self::now().0.saturating_sub(self.0))
    }
}

/// Nothing comes of it but that it is done.
#[command(domain = "soak", max_attempts = 4, backoff = "200ms, 1s", timeout = "5s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) sent: Option<Moment>,
}

/// Its effect is written in the transaction that settles it.
#[command(domain = "soak", max_attempts = 4, backoff = "200ms, 1s", timeout = "5s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) sent: Option<Moment>,
}

/// Its sender waits for the answer, which is what it asked with.
#[command(domain = "soak", reply = u64, max_attempts = 20, backoff = "100ms", timeout = "5s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) number: u64,
}

/// One at a time for each customer.
#[command(domain = "soak", group_by = customer, max_attempts = 20, backoff = "100ms", timeout = "5s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Serve {
    pub(crate) customer: u32,
}

/// What the end of a batch sends.
#[command(domain = "soak", max_attempts = 20, backoff = "100ms", timeout = "5s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Close {}

/// Four steps; one in a while is taken back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Trip {}

#[process(domain = "soak_trips", steps = [outward, (stay, meal), home])]
impl Trip {
    fn outward(&self) -> Book {
        Book { sent: None }
    }

    #[undo(outward)]
    fn refund(&self) -> Book {
        Book { sent: None }
    }

    fn stay(&self) -> Note {
        Note { sent: None }
    }

    #[undo(stay)]
    fn check_out(&self) -> Note {
        Note { sent: None }
    }

    fn meal(&self) -> Book {
        Book { sent: None }
    }

    fn home(&self) -> Note {
        Note { sent: None }
    }
}
