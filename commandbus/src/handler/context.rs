//! What a handler can know and ask about the delivery it works on.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Resources, transaction::TxSlot};
use crate::{bus::Bus, store::Delivery};

/// The delivery a handler works on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) inner: Arc<Inner>,
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
