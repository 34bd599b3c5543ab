//! Keeping a system in order.

use async_trait::async_trait;

use super::PostgresStore;
use crate::{
    error::StoreError,
    store::{AdminStore, PruneChunk, Pruned},
};

mod prune;

#[async_trait]
impl AdminStore for PostgresStore {
    async fn prune(&self, chunk: &PruneChunk) -> Result<(Pruned, Option<String>), StoreError> {
        self.prune_chunk(chunk).await
    }
}
