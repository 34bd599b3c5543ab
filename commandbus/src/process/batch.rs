//! Batches of processes.

use std::{fmt, marker::PhantomData};

use serde::Serialize;

use super::{IntoProcess, Process, start::prepare};
use crate::{
    bus::{BatchError, BatchSending, Bus, CallbackFuture, CallbackOutput, Empty, Filled, OnAnyThread, Plan},
    message::{BatchId, BatchMetadata, BatchType, Command, Domain, InvalidDomain},
    store::{NewBatch, NewProcess},
};

/// A batch of processes that is being put together; they are started together or not at all.
///
/// COMPLETED and COMPENSATED processes count as completed, FAILED and CANCELED ones as canceled, and those with anything
/// parked as in troubleshooting.
#[must_use = "a batch exists after `.start(&bus).await`"]
pub struct ProcessBatchBuilder<'a, P, S> {
    plan: Plan<'a, NewProcess>,
    kind: PhantomData<fn() -> (P, S)>,
}

/// The state of a process batch that can be started.
#[diagnostic::on_unimplemented(
    message = "this batch has no process yet",
    label = "nothing to start",
    note = "`.push(process)` one, or `.extend(processes)`"
)]
pub trait HasProcesses {}

impl HasProcesses for Filled {}

impl<P: Process> ProcessBatchBuilder<'_, P, Empty> {
    pub(super) fn new(name: String) -> Self {
        let mut plan = Plan::new(&P::SPEC.domain, name);
        plan.others = P::SPEC.command_domains();
        Self { plan, kind: PhantomData }
    }
}

impl<'a, P: Process, S> ProcessBatchBuilder<'a, P, S> {
    /// Adds a process, or one [with an id](super::ProcessExt::with_id).
    pub fn push(mut self, process: impl IntoProcess<P>) -> ProcessBatchBuilder<'a, P, Filled> {
        self.plan.members.push(Box::new(std::iter::once(prepare(process))));
        ProcessBatchBuilder { plan: self.plan, kind: PhantomData }
    }

    /// Adds the processes of an iterator. It is asked for them while the batch is written, a thousand at a time, so they
    /// are never all in memory.
    pub fn extend<M, I>(mut self, processes: I) -> ProcessBatchBuilder<'a, P, Filled>
    where
        I: IntoIterator<Item = M, IntoIter: Send + 'a>,
        M: IntoProcess<P> + 'a,
    {
        self.plan.members.push(Box::new(processes.into_iter().map(prepare)));
        ProcessBatchBuilder { plan: self.plan, kind: PhantomData }
    }

    /// Chooses the id of the batch, so that creating it twice is found out.
    pub fn id(mut self, id: BatchId) -> Self {
        self.plan.set_id(id);
        self
    }

    /// Keeps data of one's own with the batch; it comes back in [`BatchMetadata::custom_data`].
    pub fn custom_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.plan.set_custom_data(data);
        self
    }

    /// Calls back once when the last process has ended; as
    /// [`BatchBuilder::on_complete`](crate::bus::BatchBuilder::on_complete).
    pub fn on_complete<F, Fut, O>(mut self, callback: F) -> Self
    where
        F: FnOnce(BatchMetadata) -> Fut + 'static,
        Fut: CallbackFuture<O> + 'static,
        O: CallbackOutput,
        (Fut, F): OnAnyThread<Callback = F, Future = Fut>,
    {
        self.plan.set_callback(callback);
        self
    }

    /// Sends a command in the transaction that ends the batch; as [`BatchBuilder::then`](crate::bus::BatchBuilder::then).
    pub fn then<C: Command>(mut self, command: C) -> Self {
        self.plan.set_then(command);
        self
    }

    /// Starts all its processes: a future of [`Batch`](crate::bus::Batch), with `.within(&mut tx)` before the `.await`.
    pub fn start(self, bus: &Bus) -> BatchSending<'a, NewProcess>
    where
        S: HasProcesses,
    {
        BatchSending::new(bus.clone(), self.plan)
    }
}

impl<P, S> fmt::Debug for ProcessBatchBuilder<'_, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessBatchBuilder").finish_non_exhaustive()
    }
}

impl Bus {
    /// Creates a process batch for `total` processes, which [`in_batch`](super::Starting::in_batch) starts then name. It
    /// ends when that many have.
    ///
    /// # Errors
    ///
    /// When the domain is none, or `total` is zero; nothing was created then.
    pub async fn create_process_batch(
        &self,
        domain: impl Into<String>,
        name: impl Into<String>,
        total: u32,
    ) -> Result<BatchId, CreateProcessBatchError> {
        let (domain, name) = (Domain::new(domain.into())?, name.into());
        if name.contains('\0') {
            return Err(BatchError::InvalidName.into());
        }
        if total == 0 {
            return Err(BatchError::EmptyProcessBatch.into());
        }
        self.ensure_queues(&domain).await.map_err(BatchError::from)?;
        let batch_id = BatchId::new();
        let batch = NewBatch {
            domain,
            batch_id,
            batch_type: BatchType::Process,
            name: Some(name),
            custom_data: None,
            then: None,
        };
        self.store().processes().create_batch(batch, total).await.map_err(BatchError::from)?;
        Ok(batch_id)
    }
}

/// Why a process batch was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateProcessBatchError {
    /// Its domain is none.
    #[error(transparent)]
    Domain(#[from] InvalidDomain),
    /// It is empty, its name cannot be stored, or the store said no.
    #[error(transparent)]
    Batch(#[from] BatchError),
}
