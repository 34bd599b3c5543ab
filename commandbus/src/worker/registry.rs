//! Which handler takes which command.

use std::collections::HashMap;

use crate::{
    handler::HandlerEntry,
    message::{Domain, InvalidDomain},
};

/// Why a worker cannot be built.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WiringError {
    /// The domain is none.
    #[error(transparent)]
    Domain(#[from] InvalidDomain),
}

/// The handlers of one worker, by command type.
#[derive(Debug, Default)]
pub(super) struct Registry {
    entries: HashMap<&'static str, HandlerEntry>,
}

impl Registry {
    pub(super) fn new(domain: &Domain, entries: impl IntoIterator<Item = HandlerEntry>) -> Self {
        let mut registry = Self::default();
        for entry in entries.into_iter().filter(|entry| entry.command.domain == *domain) {
            for name in std::iter::once(&entry.command.name).chain(entry.command.aliases) {
                registry.entries.insert(name, entry);
            }
        }
        registry
    }

    pub(super) fn find(&self, command_type: &str) -> Option<&HandlerEntry> {
        self.entries.get(command_type)
    }
}
