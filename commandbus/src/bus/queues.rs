//! Which queues are known to exist, so that making sure of them costs one call each and nothing later.

use std::{collections::HashSet, sync::Mutex};

use super::{Inner, lock};
use crate::{error::StoreError, message::Domain};

/// The queues that this bus has seen to.
#[derive(Default)]
pub(super) struct Queues(Mutex<Known>);

#[derive(Default)]
struct Known {
    domains: HashSet<Domain>,
    others: HashSet<String>,
}

impl Inner {
    /// Makes the queues of a domain, and another one, where this bus does not know that they exist.
    pub(super) async fn ensure_queues(&self, domain: &Domain, other: Option<&str>) -> Result<(), StoreError> {
        let other = {
            let known = lock(&self.queues.0);
            let other = other.filter(|queue| !known.others.contains(*queue)).map(str::to_owned);
            if other.is_none() && known.domains.contains(domain) {
                return Ok(());
            }
            other
        };
        self.store.ensure_queues(domain, other.as_slice()).await?;
        let mut known = lock(&self.queues.0);
        known.domains.insert(domain.clone());
        known.others.extend(other);
        Ok(())
    }
}

/// Whether PGMQ takes it as the name of a queue.
pub(super) fn is_queue_name(name: &str) -> bool {
    const LONGEST: usize = 47;
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
