//! Waiting for what a command's handler returned.

use std::{
    borrow::Cow,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::Bus;
use crate::{
    error::StoreError,
    message::{CommandId, Domain, Failure, Outcome, Reply},
};

/// Why there is no reply of the declared type.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "parcels", reply = u32)]
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// use commandbus::bus::{ReplyError, Sent};
/// # use std::time::Duration;
///
/// # async fn example(sent: Sent<PrintLabel>) -> Result<(), ReplyError> {
/// match sent.reply().timeout(Duration::from_secs(10)).await {
///     Ok(number) => println!("label {number}"),
///     Err(ReplyError::Failed(failure)) => println!("refused: {} ({})", failure.message, failure.code),
///     Err(ReplyError::Timeout { .. }) => println!("not yet: it is being tried, or it is parked"),
///     Err(other) => return Err(other),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A business rule refused the command.
    #[error(transparent)]
    Failed(Failure),
    /// The command was canceled.
    #[error("command {id} was canceled: {reason}")]
    Canceled {
        /// The command.
        id: CommandId,
        /// Why.
        reason: String,
    },
    /// The command had not ended when the time was up; it may still end.
    #[error("command {id} has not ended within {after:?}; it may still end, so ask again or look at its status")]
    Timeout {
        /// The command.
        id: CommandId,
        /// The time given.
        after: Duration,
    },
    /// The result is not of the declared type.
    #[error(
        "the result of command {id} cannot be read as its declared reply: {source}. Either its handler is of another \
         version, or an operator completed it with another result"
    )]
    Undecodable {
        /// The command.
        id: CommandId,
        /// What the deserializer said.
        source: serde_json::Error,
    },
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A reply to wait for; a future. It waits through an outage of the database, so give it a [`timeout`](Self::timeout)
/// where somebody waits for it.
#[must_use = "a reply comes only when it is awaited"]
pub struct PendingReply<R> {
    bus: Bus,
    domain: Domain,
    id: CommandId,
    timeout: Option<Duration>,
    flight: Option<BoxFuture<'static, Result<Reply, ReplyError>>>,
    reply: PhantomData<fn() -> R>,
}

impl<R> PendingReply<R> {
    pub(super) fn new(bus: Bus, domain: Domain, id: CommandId) -> Self {
        Self { bus, domain, id, timeout: None, flight: None, reply: PhantomData }
    }

    /// Gives up after a while, with [`ReplyError::Timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn take_off(&self) -> BoxFuture<'static, Result<Reply, ReplyError>> {
        let (bus, domain, id, timeout) = (self.bus.clone(), self.domain.clone(), self.id, self.timeout);
        Box::pin(async move {
            let reply = bus.inner.await_reply(&domain, id);
            match timeout {
                None => Ok(reply.await?),
                Some(after) => match tokio::time::timeout(after, reply).await {
                    Ok(reply) => Ok(reply?),
                    Err(_) => Err(ReplyError::Timeout { id, after }),
                },
            }
        })
    }
}

impl<R> Unpin for PendingReply<R> {}

impl<R: DeserializeOwned> Future for PendingReply<R> {
    type Output = Result<R, ReplyError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut flight = this.flight.take().unwrap_or_else(|| this.take_off());
        match flight.as_mut().poll(cx) {
            Poll::Ready(reply) => Poll::Ready(reply.and_then(decode)),
            Poll::Pending => {
                this.flight = Some(flight);
                Poll::Pending
            }
        }
    }
}

impl<R> fmt::Debug for PendingReply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingReply").field("domain", &self.domain).field("id", &self.id).finish_non_exhaustive()
    }
}

fn decode<R: DeserializeOwned>(reply: Reply) -> Result<R, ReplyError> {
    let id = reply.command_id;
    match reply.outcome {
        // No result is `null`, which is how `()` is written.
        Outcome::Success => serde_json::from_str(reply.result.as_ref().map_or("null", |result| result.get()))
            .map_err(|source| ReplyError::Undecodable { id, source }),
        Outcome::Failed => {
            let code = reply.error_code.map_or(Cow::Borrowed("UNKNOWN"), Cow::Owned);
            let mut failure = Failure::business_rule(code, reply.error_message.unwrap_or_default());
            failure.details = reply.error_details;
            Err(ReplyError::Failed(failure))
        }
        Outcome::Canceled => Err(ReplyError::Canceled { id, reason: reply.reason.unwrap_or_default() }),
    }
}
