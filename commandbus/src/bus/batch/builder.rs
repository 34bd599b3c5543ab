//! Putting a batch together.

use std::{fmt, marker::PhantomData};

use serde::Serialize;

use super::{BatchSending, CallbackFuture, CallbackOutput, IntoMember, OnAnyThread, plan::Plan};
use crate::{
    bus::{Bus, outgoing::prepare},
    message::{BatchId, BatchMetadata, Command, Domain},
    store::NewCommand,
};

/// The state of a [`BatchBuilder`] that has no command yet, and so cannot be sent.
#[derive(Debug)]
pub enum Empty {}

/// The state of a [`BatchBuilder`] that can be sent.
#[derive(Debug)]
pub enum Filled {}

/// The state of a batch that can be sent.
#[diagnostic::on_unimplemented(
    message = "this batch has no command yet",
    label = "nothing to send",
    note = "`.push(command)` one, or `.extend(commands)`"
)]
pub trait HasCommands: sealed::Sealed {}

impl HasCommands for Filled {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Filled {}
}

/// A batch that is being put together. `B` names it, `'a` is what its iterators borrow.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "parcels", reply = u32)]
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// # #[command(domain = "carriers")]
/// # #[derive(Serialize, Deserialize)]
/// # struct CallCarrier;
/// # async fn example(bus: Bus, orders: Vec<u32>) -> Result<(), commandbus::bus::BatchError> {
/// let batch = PrintLabel::batch("Labels of the evening")
///     .push(PrintLabel { order: 7 })
///     .extend(orders.into_iter().map(|order| PrintLabel { order }))
///     .on_complete(|batch: BatchMetadata| async move { println!("{} labels", batch.completed_count) })
///     .then(CallCarrier)
///     .send(&bus)
///     .await?;
/// assert_eq!(batch.wait().await?.open_count(), 0);
/// # Ok(())
/// # }
/// ```
#[must_use = "a batch exists after `.send(&bus).await`"]
pub struct BatchBuilder<'a, B, S> {
    plan: Plan<'a, NewCommand>,
    kind: PhantomData<fn() -> (B, S)>,
}

impl<'a, B> BatchBuilder<'a, B, Empty> {
    pub(super) fn new(domain: &Domain, name: String) -> Self {
        Self { plan: Plan::new(domain, name), kind: PhantomData }
    }
}

impl<'a, B, S> BatchBuilder<'a, B, S> {
    /// Adds a command, or one [with an id](crate::bus::CommandExt::with_id).
    pub fn push<M>(mut self, command: M) -> BatchBuilder<'a, B, Filled>
    where
        M: IntoMember<B>,
    {
        self.plan.members.push(Box::new(std::iter::once(prepare(command))));
        BatchBuilder { plan: self.plan, kind: PhantomData }
    }

    /// Adds the commands of an iterator. It is asked for them while the batch is written, some thousands at a time, so they
    /// are never all in memory.
    pub fn extend<I>(mut self, commands: I) -> BatchBuilder<'a, B, Filled>
    where
        I: IntoIterator<Item: IntoMember<B> + 'a, IntoIter: Send + 'a>,
    {
        self.plan.members.push(Box::new(commands.into_iter().map(prepare)));
        BatchBuilder { plan: self.plan, kind: PhantomData }
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

    /// Calls back once when the batch has ended, in whichever process its last command does.
    ///
    /// The callback lives in the memory of this process and is lost with it; for one that is not, use
    /// [`then`](Self::then). It runs in a task of its own, outside any transaction; an error or a panic of it is logged
    /// and changes nothing. A batch with anything in troubleshooting has not ended.
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

    /// Sends a command when the batch has ended, in the transaction that ends it: it is durable, retried and audited
    /// like any other, and may be of another domain.
    pub fn then<C: Command>(mut self, command: C) -> Self {
        self.plan.set_then(command);
        self
    }

    /// Creates the batch with all its commands: a future of [`Batch`](super::Batch), with `.within(&mut tx)` before
    /// the `.await`.
    pub fn send(self, bus: &Bus) -> BatchSending<'a, NewCommand>
    where
        S: HasCommands,
    {
        BatchSending::new(bus.clone(), self.plan)
    }
}

impl<B, S> fmt::Debug for BatchBuilder<'_, B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("domain", &self.plan.domain)
            .field("name", &self.plan.name)
            .finish_non_exhaustive()
    }
}
