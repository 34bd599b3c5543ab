//! Which queues are known to exist, so that making sure of them costs one call each and nothing later.

use std::{collections::HashSet, sync::Mutex};

use super::{Inner, lock};
use crate::{error::StoreError, message::Domain};

/// The queues that this bus has seen to.
#[derive(Default)]
pub(super) struct Queues {
    known: Mutex<Known>,
    /// Held while the store is asked: of thousands who send at once for the first time, one asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    domains: HashSet<Domain>,
    others: HashSet<String>,
}

impl Inner {
    /// Makes the queues of a domain, and another one, where this bus does not know that they exist.
    pub(super) async fn ensure_queues(&self, domain: &Domain, other: Option<&str>) -> Result<(), StoreError> {
        if self.queues.knows(domain, other) {
            return Ok(());
        }
        let _asking = self.queues.asking.lock().await;
        if self.queues.knows(domain, other) {
            return Ok(());
        }
        let other = other.map(str::to_owned);
        self.store.ensure_queues(domain, other.as_slice()).await?;
        let mut known = lock(&self.queues.known);
        known.domains.insert(domain.clone());
        known.others.extend(other);
        Ok(())
    }
}

impl Queues {
    fn knows(&self, domain: &Domain, other: Option<&str>) -> bool {
        let known = lock(&self.known);
        known.domains.contains(domain) && other.is_none_or(|queue| known.others.contains(queue))
    }
}

/// Whether it can be the name of a queue: the rule of `commandbus.ensure_queue`.
pub(super) fn is_queue_name(name: &str) -> bool {
    const LONGEST: usize = 47;
    name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
