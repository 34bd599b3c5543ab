//! Sending one command.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Bus, SendError, Sent, Uncommitted, WithId, outgoing::prepare, queues::is_queue_name};
use crate::{
    message::{Command, CommandId, Domain},
    store::{Acceptance, NewCommand, Start},
};

/// What every command can do.
pub trait CommandExt: Command {
    /// Sends it: options before the `.await`, the id of what was sent after it.
    ///
    /// ```
    /// # use commandbus::{bus::{Bus, CommandExt, SendError}, message::{Command, CommandSpec}};
    /// # use std::time::Duration;
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct CloseMonth { month: String }
    /// # impl Command for CloseMonth {
    /// #     type Reply = ();
    /// #     const SPEC: &'static CommandSpec = &CommandSpec::new("billing", "CloseMonth");
    /// # }
    /// # async fn example(bus: Bus) -> Result<(), SendError> {
    /// let sent = CloseMonth { month: "2026-11".into() }.send(&bus).delay(Duration::from_secs(60)).await?;
    /// println!("sent {}", sent.id());
    /// # Ok(())
    /// # }
    /// ```
    fn send(self, bus: &Bus) -> Sending<Self>
    where
        Self: Sized,
    {
        Sending::new(bus.clone(), Self::SPEC.domain.clone(), prepare(self).map_err(SendError::from))
    }

    /// Chooses its id, for a batch or for [`Bus::send_many`].
    fn with_id(self, id: CommandId) -> WithId<Self>
    where
        Self: Sized,
    {
        WithId { command: self, id }
    }
}

impl<C: Command> CommandExt for C {}

/// A command on its way: a future of [`Sent`], which resolves when the command is committed.
///
/// Commands that are sent at the same time share transactions, and yet each gets its own answer. Dropped before it was
/// taken into a transaction, the command is not sent; dropped later, it may be.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "parcels", reply = u32)]
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// # use std::time::Duration;
/// # async fn example(bus: Bus, mut transaction: sqlx::Transaction<'static, sqlx::Postgres>) -> Result<(), Box<dyn std::error::Error>> {
/// let sent = PrintLabel { order: 7 }.send(&bus).delay(Duration::from_secs(60)).max_attempts(5).await?;
///
/// // In a transaction of yours it exists if that commits.
/// let sent = PrintLabel { order: 8 }.send(&bus).within(&mut transaction).await?;
/// transaction.commit().await?;
/// let number = sent.committed().reply().timeout(Duration::from_secs(10)).await?;
/// # let _: u32 = number;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before this is awaited"]
pub struct Sending<C> {
    bus: Bus,
    domain: Domain,
    draft: Option<Result<NewCommand, SendError>>,
    flight: Option<BoxFuture<'static, Result<CommandId, SendError>>>,
    command: PhantomData<fn() -> C>,
}

impl<C> Sending<C> {
    pub(super) fn new(bus: Bus, domain: Domain, draft: Result<NewCommand, SendError>) -> Self {
        Self { bus, domain, draft: Some(draft), flight: None, command: PhantomData }
    }

    /// Chooses the id, so that sending twice is found out.
    pub fn id(self, id: CommandId) -> Self {
        self.edit(|command| {
            if command.correlation_id == command.command_id.as_uuid() {
                command.correlation_id = id.as_uuid();
            }
            command.command_id = id;
        })
    }

    /// Says what it belongs to: the correlation id of what it is sent for. Without, it begins something of its own, and its
    /// correlation id is its id.
    pub fn correlation(self, id: Uuid) -> Self {
        self.edit(|command| command.correlation_id = id)
    }

    /// Sets how often it is attempted before it is parked; at least 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        if attempts == 0 {
            self.draft = Some(Err(SendError::NoAttempts));
        }
        self.edit(|command| command.max_attempts = attempts)
    }

    /// Holds it back for a while, by the clock of the database.
    pub fn delay(self, delay: Duration) -> Self {
        self.edit(|command| command.start = Start::After(delay))
    }

    /// Holds it back until a point in time, by the clock of the database.
    pub fn at(self, time: DateTime<Utc>) -> Self {
        self.edit(|command| command.start = Start::At(time))
    }

    /// Asks for the reply as a message in a queue, which is made now if it does not exist.
    pub fn reply_to(mut self, queue: impl Into<String>) -> Self {
        let queue = queue.into();
        if !is_queue_name(&queue) {
            self.draft = Some(Err(SendError::InvalidReplyTo { queue }));
            return self;
        }
        self.edit(|command| command.reply_to = Some(queue))
    }

    /// Sends it in the caller's transaction: it exists when that commits.
    ///
    /// Takes a transaction, a pooled connection or the `Tx` of a handler. A duplicate leaves the transaction usable.
    pub async fn within(self, connection: &mut PgConnection) -> Result<Uncommitted<C>, SendError> {
        let Self { bus, domain, draft, .. } = self;
        let command = draft.expect("a command that is on its way already is not sent again")?;
        let store = bus.postgres()?;
        bus.inner.ensure_queues(&domain, command.reply_to.as_deref()).await?;
        let id = command.command_id;
        let accepted = store.send_within(connection, &domain, &[command]).await?;
        if accepted.contains(&Acceptance::Duplicate) {
            return Err(SendError::DuplicateCommand { domain, ids: vec![id] });
        }
        Ok(Uncommitted::new(bus, domain, id))
    }

    fn edit(mut self, change: impl FnOnce(&mut NewCommand)) -> Self {
        if let Some(Ok(command)) = &mut self.draft {
            change(command);
        }
        self
    }
}

/// Through the lanes of group commit.
async fn send_one(bus: Bus, domain: Domain, draft: Result<NewCommand, SendError>) -> Result<CommandId, SendError> {
    let command = draft?;
    let id = command.command_id;
    bus.inner.ensure_queues(&domain, command.reply_to.as_deref()).await?;
    match bus.inner.send_grouped(&domain, command).await? {
        Acceptance::Sent => Ok(id),
        Acceptance::Duplicate => Err(SendError::DuplicateCommand { domain, ids: vec![id] }),
    }
}

// No command is pinned in it.
impl<C> Unpin for Sending<C> {}

impl<C> Future for Sending<C> {
    type Output = Result<Sent<C>, SendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { bus, domain, draft, flight, .. } = self.get_mut();
        if let Some(draft) = draft.take() {
            *flight = Some(Box::pin(send_one(bus.clone(), domain.clone(), draft)));
        }
        let flight = flight.as_mut().expect("a future is polled until it is ready");
        let outcome = ready!(flight.as_mut().poll(cx));
        Poll::Ready(outcome.map(|id| Sent::new(bus.clone(), domain.clone(), id)))
    }
}

impl<C> fmt::Debug for Sending<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("domain", &self.domain).field("draft", &self.draft).finish_non_exhaustive()
    }
}
