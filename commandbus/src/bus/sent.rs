//! A command that was sent.

use std::{fmt, marker::PhantomData};

use serde_json::Value;

use super::{Bus, PendingReply, UntypedCommand};
use crate::message::{Command, CommandId, Domain};

/// A command that was sent and committed.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "parcels", reply = u32)]
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// # async fn example(bus: Bus) -> Result<(), Box<dyn std::error::Error>> {
/// let sent = PrintLabel { order: 7 }.send(&bus).await?;
/// println!("{} is on its way", sent.id());
/// let number: u32 = sent.reply().await?;
/// # Ok(())
/// # }
/// ```
pub struct Sent<C> {
    bus: Bus,
    domain: Domain,
    id: CommandId,
    command: PhantomData<fn() -> C>,
}

impl<C> Sent<C> {
    pub(super) fn new(bus: Bus, domain: Domain, id: CommandId) -> Self {
        Self { bus, domain, id, command: PhantomData }
    }

    /// Its id.
    pub fn id(&self) -> CommandId {
        self.id
    }

    /// The domain it was sent to.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}

impl<C: Command> Sent<C> {
    /// What its handler returns: a future, with `.timeout(..)` before the `.await`.
    ///
    /// A command that is parked has not ended: its reply comes after an operator resolved it.
    pub fn reply(&self) -> PendingReply<C::Reply> {
        PendingReply::new(self.bus.clone(), self.domain.clone(), self.id)
    }
}

impl Sent<UntypedCommand> {
    /// What its handler returns, as JSON.
    pub fn reply(&self) -> PendingReply<Value> {
        PendingReply::new(self.bus.clone(), self.domain.clone(), self.id)
    }
}

impl<C> Clone for Sent<C> {
    fn clone(&self) -> Self {
        Self::new(self.bus.clone(), self.domain.clone(), self.id)
    }
}

impl<C> fmt::Debug for Sent<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").field("domain", &self.domain).field("id", &self.id).finish_non_exhaustive()
    }
}

/// A command that was sent in a transaction of the caller, who has yet to commit it.
pub struct Uncommitted<C>(Sent<C>);

impl<C> Uncommitted<C> {
    pub(super) fn new(bus: Bus, domain: Domain, id: CommandId) -> Self {
        Self(Sent::new(bus, domain, id))
    }

    /// Its id.
    pub fn id(&self) -> CommandId {
        self.0.id
    }

    /// To be called after the commit: from then on there is a reply to wait for.
    pub fn committed(self) -> Sent<C> {
        self.0
    }
}

impl<C> fmt::Debug for Uncommitted<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Uncommitted").field(&self.0).finish()
    }
}
