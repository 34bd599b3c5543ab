//! All there is to know for the creation of a batch, whatever it groups.

use async_trait::async_trait;
use serde::Serialize;

use super::{BatchError, CallbackFuture, CallbackOutput, OnAnyThread};
use crate::{
    bus::{completion::Callback, many::CHUNK, outgoing::prepare},
    error::StoreError,
    message::{
        BatchId, BatchMetadata, BatchType, Command, Domain,
        envelope::{PayloadError, seal},
    },
    store::{BatchWriter, Duplicates, NewBatch, NewCommand, NewProcess},
};

/// Encoded members, made when they are asked for.
pub(crate) type Members<'a, T> = Box<dyn Iterator<Item = Result<T, PayloadError>> + Send + 'a>;

/// A batch of `T` that is being put together.
pub(crate) struct Plan<'a, T> {
    pub(crate) domain: Domain,
    /// Other domains whose queues its members need.
    pub(crate) others: Vec<&'static Domain>,
    pub(super) id: Option<BatchId>,
    pub(super) name: String,
    pub(super) custom_data: Option<Result<serde_json::Value, PayloadError>>,
    pub(super) then: Option<(Domain, Result<NewCommand, PayloadError>)>,
    pub(super) callback: Option<Callback>,
    pub(crate) members: Vec<Members<'a, T>>,
}

impl<T> Plan<'_, T> {
    pub(crate) fn new(domain: &Domain, name: String) -> Self {
        Self {
            domain: domain.clone(),
            others: Vec::new(),
            id: None,
            name,
            custom_data: None,
            then: None,
            callback: None,
            members: Vec::new(),
        }
    }

    pub(crate) fn set_id(&mut self, id: BatchId) {
        self.id = Some(id);
    }

    pub(crate) fn set_custom_data<D: Serialize + ?Sized>(&mut self, data: &D) {
        self.custom_data = Some(seal("custom_data", data).and_then(|raw| {
            serde_json::from_str(raw.get())
                .map_err(|source| PayloadError::Serialize { command_type: "custom_data".to_owned(), source })
        }));
    }

    pub(crate) fn set_callback<F, Fut, O>(&mut self, callback: F)
    where
        F: FnOnce(BatchMetadata) -> Fut + 'static,
        Fut: CallbackFuture<O> + 'static,
        O: CallbackOutput,
        (Fut, F): OnAnyThread<Callback = F, Future = Fut>,
    {
        self.callback = Some(<(Fut, F)>::boxed(callback));
    }

    pub(crate) fn set_then<C: Command>(&mut self, command: C) {
        self.then = Some((C::SPEC.domain.clone(), prepare(command)));
    }
}

/// What a batch groups: commands, or processes.
#[async_trait]
pub trait BatchItem: Sized + Send + Sync + 'static {
    /// Which of both.
    const TYPE: BatchType;

    /// How many go to the store at once when there are many. The first chunk is a thousand and each twice the one before:
    /// each may cost a subtransaction, and PostgreSQL remembers 64 of these cheaply.
    const LARGEST_CHUNK: usize;

    /// The size of one as JSON text, in bytes.
    fn bytes(&self) -> usize;

    /// Writes some of them.
    async fn write(writer: &mut dyn BatchWriter, items: &[Self]) -> Result<(), StoreError>;

    /// What the ids that are taken mean to the caller.
    fn refusal(batch: &NewBatch, duplicates: Duplicates) -> BatchError;

    /// What an empty batch means to the caller.
    fn empty() -> BatchError;
}

#[async_trait]
impl BatchItem for NewCommand {
    const TYPE: BatchType = BatchType::Command;
    const LARGEST_CHUNK: usize = 20_000;

    fn bytes(&self) -> usize {
        self.data.get().len()
    }

    async fn write(writer: &mut dyn BatchWriter, items: &[Self]) -> Result<(), StoreError> {
        writer.add(items).await
    }

    fn refusal(batch: &NewBatch, duplicates: Duplicates) -> BatchError {
        BatchError::DuplicateCommand { domain: batch.domain.clone(), ids: duplicates.commands }
    }

    fn empty() -> BatchError {
        BatchError::EmptyBatch
    }
}

#[async_trait]
impl BatchItem for NewProcess {
    const TYPE: BatchType = BatchType::Process;
    const LARGEST_CHUNK: usize = CHUNK;

    fn bytes(&self) -> usize {
        self.state.get().len() + self.steps.iter().map(|step| step.command.data.get().len()).sum::<usize>()
    }

    async fn write(writer: &mut dyn BatchWriter, items: &[Self]) -> Result<(), StoreError> {
        writer.add_processes(items).await
    }

    fn refusal(batch: &NewBatch, duplicates: Duplicates) -> BatchError {
        let domain = batch.domain.clone();
        match duplicates {
            Duplicates { processes, .. } if !processes.is_empty() => {
                BatchError::DuplicateProcess { domain, ids: processes }
            }
            Duplicates { commands, .. } => BatchError::DuplicateCommand { domain, ids: commands },
        }
    }

    fn empty() -> BatchError {
        BatchError::EmptyProcessBatch
    }
}
