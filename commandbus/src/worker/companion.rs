//! What runs beside a worker: floors above this one leave word here of what belongs to the worker of a domain.

use std::{fmt, time::Duration};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{bus::Bus, message::Domain};

/// Something that runs as long as a worker of a domain receives.
pub(crate) struct Companion {
    /// Whether the domain has a use for it.
    pub(crate) is_wanted: fn(&Domain) -> bool,
    /// Runs until it is stopped.
    pub(crate) run: fn(CompanionCall) -> BoxFuture<'static, ()>,
}

/// What a companion is given.
#[derive(Debug)]
pub(crate) struct CompanionCall {
    pub(crate) bus: Bus,
    pub(crate) domain: Domain,
    /// How often to look without having been woken.
    pub(crate) poll_interval: Duration,
    /// How long what was received stays hidden from others.
    pub(crate) lease: Duration,
    pub(crate) stop: CancellationToken,
}

inventory::collect!(Companion);

impl Companion {
    /// Those that a domain has a use for.
    pub(super) fn of(domain: &Domain) -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>().filter(|companion| (companion.is_wanted)(domain))
    }
}

impl fmt::Debug for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Companion").finish_non_exhaustive()
    }
}
