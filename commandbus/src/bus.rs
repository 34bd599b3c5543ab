//! Floor 3: sending commands and batches, and waiting for what became of them.

use std::sync::Arc;

use crate::store::Store;

/// The entry to everything: sends commands, creates batches, asks, and is what workers and operators hold.
///
/// Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Bus {
    store: Arc<dyn Store>,
}

impl Bus {
    /// A bus on a store of its own making.
    pub fn from_store(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The store behind the bus.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}
