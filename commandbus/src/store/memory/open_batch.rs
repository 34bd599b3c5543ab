//! The creation of a batch, in chunks.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    error::StoreError,
    store::{BatchWriter, Duplicates, NewBatch, NewCommand, NewProcess},
};

/// A batch whose commands are still coming. Nothing is stored before the end, so dropping it leaves nothing.
pub(super) struct OpenBatch<'a> {
    store: &'a MemoryStore,
    batch: NewBatch,
    commands: Vec<NewCommand>,
}

impl<'a> OpenBatch<'a> {
    pub(super) fn new(store: &'a MemoryStore, batch: NewBatch) -> Self {
        Self { store, batch, commands: Vec::new() }
    }
}

#[async_trait]
impl BatchWriter for OpenBatch<'_> {
    async fn add(&mut self, commands: &[NewCommand]) -> Result<(), StoreError> {
        self.commands.extend_from_slice(commands);
        Ok(())
    }

    async fn add_processes(&mut self, _processes: &[NewProcess]) -> Result<(), StoreError> {
        unimplemented!()
    }

    async fn finish(self: Box<Self>) -> Result<Result<u32, Duplicates>, StoreError> {
        let Self { store, batch, commands } = *self;
        store
            .transition(|transition| transition.create_batch(batch, &commands))
            .map(|created| created.map_err(|commands| Duplicates { commands, ..Duplicates::default() }))
    }

    async fn abandon(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
