//! What a handler can know and ask about the delivery it works on.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Resources, transaction::TxSlot};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{BatchId, CommandId, Domain},
    store::Delivery,
};

mod builder;

pub use builder::ContextBuilder;

/// The delivery a handler works on. Cheap to clone.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "parcels", reply = u32)]
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// # struct Carrier;
/// # impl Carrier { async fn print(&self, _key: String, _order: u32) -> u32 { 7 } }
/// # let carrier = Carrier;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// async fn print_label(cmd: PrintLabel, context: Context, carrier: &Carrier) -> u32 {
///     // The same at every attempt: a key by which the other side knows it again.
///     carrier.print(context.command_id().to_string(), cmd.order).await
/// }
///
/// let command = PrintLabel { order: 7 };
/// let context = Context::for_test(&Bus::in_memory(), &command).unwrap().attempt(2).build();
/// assert_eq!((context.attempt(), context.max_attempts()), (2, 3));
/// assert_eq!(print_label(command, context, &carrier).await, 7);
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) inner: Shared,
}

/// What the clones of a context share.
///
/// Behind a trait object, which says that it is `Send + Sync`: else the compiler would look through the bus, its pool and
/// its runtime once more for each handler that holds a context.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<dyn Inside>);

trait Inside: fmt::Debug + Send + Sync {
    fn inside(&self) -> &Inner;
}

impl From<Inner> for Shared {
    fn from(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

impl Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        self.0.inside()
    }
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) bus: Bus,
    pub(crate) delivery: Delivery,
    pub(crate) resources: Resources,
    pub(crate) cancellation: CancellationToken,
    /// Holds the open transaction of a transactional handler.
    pub(crate) transaction: TxSlot,
}

impl Inside for Inner {
    fn inside(&self) -> &Inner {
        self
    }
}

impl Context {
    /// The id of the command.
    pub fn command_id(&self) -> CommandId {
        self.inner.delivery.token.command_id
    }

    /// What the command belongs to, chosen by its sender; `None` only for senders that are not this library.
    pub fn correlation_id(&self) -> Option<Uuid> {
        self.inner.delivery.correlation_id
    }

    /// The domain of the command.
    pub fn domain(&self) -> &Domain {
        &self.inner.delivery.domain
    }

    /// The name that the command travelled under: that of its type, or one of its aliases.
    pub fn command_type(&self) -> &str {
        &self.inner.delivery.command_type
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.inner.delivery.attempt
    }

    /// How many attempts the command has.
    pub fn max_attempts(&self) -> u32 {
        self.inner.delivery.max_attempts
    }

    /// The batch that the command belongs to.
    pub fn batch_id(&self) -> Option<BatchId> {
        self.inner.delivery.batch_id
    }

    /// The headers of the command's message.
    pub fn headers(&self) -> &Map<String, Value> {
        &self.inner.delivery.headers
    }

    /// The version that the payload came in; the handler has been given the current one.
    pub fn version(&self) -> u32 {
        self.inner.delivery.version()
    }

    /// When the command was sent, by the database's clock.
    pub fn sent_at(&self) -> DateTime<Utc> {
        self.inner.delivery.sent_at
    }

    /// The bus the command came by, for sending others.
    pub fn bus(&self) -> &Bus {
        &self.inner.bus
    }

    /// Holds the command for `lease` from now on. Workers renew leases by themselves; this is for a handler that knows
    /// it will block its thread, or that wants to be sure before it does something that must not happen twice.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`] when another worker may have the command by now: stop, and leave it to that one.
    pub async fn extend_lease(&self, lease: Duration) -> Result<(), LeaseError> {
        let Delivery { domain, token, .. } = &self.inner.delivery;
        match self.inner.bus.store().renew(domain, &[*token], lease).await?.first() {
            Some(true) => Ok(()),
            _ => Err(LeaseError::Lost),
        }
    }

    /// Waits until the worker wants the handler to stop: its time is up, the lease is lost, or the worker shuts down.
    /// What has not returned a little later is dropped at its next `.await`.
    pub async fn cancelled(&self) {
        self.inner.cancellation.cancelled().await;
    }

    /// Whether the worker wants the handler to stop.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancellation.is_cancelled()
    }
}

/// Why a lease could not be extended.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// It had run out, and the command is no longer this handler's.
    #[error("the lease is lost: the command may be with another worker, so stop here")]
    Lost,
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}
