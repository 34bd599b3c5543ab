//! The creation of a batch, in chunks.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    error::StoreError,
    message::BatchType,
    store::{BatchWriter, Duplicates, NewBatch, NewCommand, NewProcess},
};

/// A batch whose members are still coming. Nothing is stored before the end, so dropping it leaves nothing.
pub(super) struct OpenBatch<'a> {
    store: &'a MemoryStore,
    batch: NewBatch,
    commands: Vec<NewCommand>,
    processes: Vec<NewProcess>,
}

impl<'a> OpenBatch<'a> {
    pub(super) fn new(store: &'a MemoryStore, batch: NewBatch) -> Self {
        Self { store, batch, commands: Vec::new(), processes: Vec::new() }
    }
}

#[async_trait]
impl BatchWriter for OpenBatch<'_> {
    async fn add(&mut self, commands: &[NewCommand]) -> Result<(), StoreError> {
        if self.batch.batch_type == BatchType::Process {
            return Err(StoreError::Unsupported("a batch of processes holds no commands of its own"));
        }
        self.commands.extend_from_slice(commands);
        Ok(())
    }

    async fn add_processes(&mut self, processes: &[NewProcess]) -> Result<(), StoreError> {
        if self.batch.batch_type == BatchType::Command {
            return Err(StoreError::Unsupported("a batch of commands holds no processes"));
        }
        self.processes.extend_from_slice(processes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Result<u32, Duplicates>, StoreError> {
        let Self { store, batch, commands, processes } = *self;
        store.transition(|transition| transition.create_batch(batch, &commands, &processes))
    }

    async fn abandon(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
