//! Starting processes.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::{Process, ProcessBatchBuilder, Started, UncommittedProcess, sending::new_process};
use crate::{
    bus::{Bus, Empty},
    error::StoreError,
    message::{BatchId, Domain, ProcessId, envelope::PayloadError},
    store::{Acceptance, NewProcess},
};

/// What every process can do.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "warehouse")]
/// # #[derive(Serialize, Deserialize)]
/// # struct PickGoods { order: u32 }
/// # #[derive(Serialize, Deserialize)]
/// # struct Shipment { order: u32 }
/// # #[process(domain = "shipping_by_hundreds", steps = [pick])]
/// # impl Shipment {
/// #     fn pick(&self) -> PickGoods { PickGoods { order: self.order } }
/// # }
/// # async fn example(bus: Bus) -> Result<(), Box<dyn std::error::Error>> {
/// let ended = Shipment { order: 7 }.start(&bus).await?.wait().await?;
/// println!("{} {:?}", ended.status, ended.error_code);
///
/// let batch = Shipment::batch("Friday").extend((8..20).map(|order| Shipment { order })).start(&bus).await?;
/// # Ok(())
/// # }
/// # fn main() {}
/// ```
pub trait ProcessExt: Process {
    /// Starts it: options before the `.await`, the id of what was started after it.
    ///
    /// Process and first commands are created in one transaction.
    fn start(self, bus: &Bus) -> Starting<Self> {
        Starting::new(bus.clone(), new_process(ProcessId::new(), &self).map_err(StartError::from))
    }

    /// Begins a batch of processes that are started together; its name is for people.
    fn batch<'a>(name: impl Into<String>) -> ProcessBatchBuilder<'a, Self, Empty> {
        ProcessBatchBuilder::new(name.into())
    }

    /// Chooses its id, for a batch.
    fn with_id(self, id: ProcessId) -> WithProcessId<Self> {
        WithProcessId { process: self, id }
    }

    /// A process that was started before, by this program or another one.
    fn started(bus: &Bus, id: ProcessId) -> Started<Self> {
        Started::new(bus.clone(), id)
    }
}

impl<P: Process> ProcessExt for P {}

/// A process of type `P` that is about to be started: a plain one, or one [with an id](ProcessExt::with_id).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pushed into a batch of `{P}`",
    label = "expected `{P}`",
    note = "the processes of one batch are of one type"
)]
pub trait IntoProcess<P: Process> {
    /// The process, and the id it is to have if one was chosen.
    fn into_process(self) -> (P, Option<ProcessId>);
}

impl<P: Process> IntoProcess<P> for P {
    fn into_process(self) -> (P, Option<ProcessId>) {
        (self, None)
    }
}

/// A process with an id of one's own choice, so that starting it twice is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WithProcessId<P> {
    /// The process.
    pub process: P,
    /// Its id.
    pub id: ProcessId,
}

impl<P: Process> IntoProcess<P> for WithProcessId<P> {
    fn into_process(self) -> (P, Option<ProcessId>) {
        (self.process, Some(self.id))
    }
}

/// Encodes a process with its first commands.
pub(super) fn prepare<P: Process>(starting: impl IntoProcess<P>) -> Result<NewProcess, PayloadError> {
    let (process, id) = starting.into_process();
    new_process(id.unwrap_or_else(ProcessId::new), &process)
}

/// A process on its way: a future of [`Started`], which resolves when the process is committed.
#[must_use = "nothing is started before this is awaited"]
pub struct Starting<P> {
    bus: Bus,
    draft: Option<Result<NewProcess, StartError>>,
    batch: Option<BatchId>,
    flight: Option<BoxFuture<'static, Result<ProcessId, StartError>>>,
    process: PhantomData<fn() -> P>,
}

impl<P: Process> Starting<P> {
    fn new(bus: Bus, draft: Result<NewProcess, StartError>) -> Self {
        Self { bus, draft: Some(draft), batch: None, flight: None, process: PhantomData }
    }

    /// Chooses the id, so that starting twice is found out.
    pub fn id(mut self, id: ProcessId) -> Self {
        if let Some(Ok(process)) = &mut self.draft {
            process.process_id = id;
            for step in &mut process.steps {
                step.command.correlation_id = id.as_uuid();
            }
        }
        self
    }

    /// Counts it in a batch that was [created first](Bus::create_process_batch). Whether that exists is not checked; in
    /// one that does not, or beyond its total, the process runs and is not counted.
    pub fn in_batch(mut self, batch: BatchId) -> Self {
        self.batch = Some(batch);
        self
    }

    /// Starts it in the caller's transaction: it exists when that commits.
    ///
    /// Takes a transaction, a pooled connection or the `Tx` of a handler. A duplicate leaves the transaction usable.
    pub async fn within(self, connection: &mut PgConnection) -> Result<UncommittedProcess<P>, StartError> {
        let Self { bus, draft, batch, .. } = self;
        let process = draft.expect("a process that is on its way already is not started again")?;
        let domain = &P::SPEC.domain;
        let store = bus.postgres()?;
        ensure_queues::<P>(&bus).await?;
        let id = process.process_id;
        accepted(domain, id, &store.start_within(connection, domain, &[process], batch).await?)?;
        Ok(UncommittedProcess::new(Started::new(bus, id)))
    }
}

async fn start_one<P: Process>(
    bus: Bus,
    draft: Result<NewProcess, StartError>,
    batch: Option<BatchId>,
) -> Result<ProcessId, StartError> {
    let process = draft?;
    ensure_queues::<P>(&bus).await?;
    let (domain, id) = (&P::SPEC.domain, process.process_id);
    accepted(domain, id, &bus.store().processes().start(domain, &[process], batch).await?)?;
    Ok(id)
}

/// What the process will need until its end, its beginning provides.
async fn ensure_queues<P: Process>(bus: &Bus) -> Result<(), StoreError> {
    bus.ensure_queues(&P::SPEC.domain).await?;
    for domain in P::SPEC.command_domains() {
        bus.ensure_queues(domain).await?;
    }
    Ok(())
}

fn accepted(domain: &Domain, id: ProcessId, answers: &[Acceptance]) -> Result<(), StartError> {
    if answers.contains(&Acceptance::Duplicate) {
        return Err(StartError::DuplicateProcess { domain: domain.clone(), id });
    }
    Ok(())
}

// No process is pinned in it.
impl<P> Unpin for Starting<P> {}

impl<P: Process> Future for Starting<P> {
    type Output = Result<Started<P>, StartError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { bus, draft, batch, flight, .. } = self.get_mut();
        if let Some(draft) = draft.take() {
            *flight = Some(Box::pin(start_one::<P>(bus.clone(), draft, *batch)));
        }
        let flight = flight.as_mut().expect("a future is polled until it is ready");
        let outcome = ready!(flight.as_mut().poll(cx));
        Poll::Ready(outcome.map(|id| Started::new(bus.clone(), id)))
    }
}

impl<P> fmt::Debug for Starting<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starting").field("draft", &self.draft).field("batch", &self.batch).finish_non_exhaustive()
    }
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its state, or one of its first commands, cannot be stored.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// Its id is taken.
    #[error(
        "domain `{domain}` has a process {id} already. If it is yours, it was started before; else start under a new id"
    )]
    DuplicateProcess {
        /// The domain.
        domain: Domain,
        /// The id.
        id: ProcessId,
    },
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}
