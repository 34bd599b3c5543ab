//! Keeping a system in order.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    error::StoreError,
    store::{AdminStore, PruneChunk, Pruned},
};

mod prune;

#[async_trait]
impl AdminStore for MemoryStore {
    async fn prune(&self, chunk: &PruneChunk) -> Result<(Pruned, Option<String>), StoreError> {
        Ok((self.transition(|transition| transition.prune(chunk)), None))
    }
}
