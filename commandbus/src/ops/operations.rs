//! Verbs on everything that a filter finds.

use std::time::Duration;

use super::OpsError;
use crate::{
    bus::Bus,
    error::StoreError,
    store::{Listing, Operation, OperationId, Page},
};

/// How many commands one transaction resolves.
const CHUNK: u32 = 500;

/// How long to wait where somebody else is at an operation.
const PAUSE: Duration = Duration::from_millis(200);

/// Operations: verbs on everything that a filter found when they began, as [`Operator::retry_all`](super::Operator::retry_all)
/// and its like begin them.
///
/// An operation is a row, and each of its steps one transaction that resolves some commands and counts them. So it can be
/// followed from everywhere, and whoever goes on with it, also after a crash, does nothing twice.
///
/// ```
/// # use commandbus::{bus::Bus, ops::OpsError, store::ParkedFilter};
/// # async fn example(bus: Bus) -> Result<(), OpsError> {
/// let filter = ParkedFilter::default().with_code("BANK_DOWN");
/// let begun = bus.troubleshooting().by("olivia").because("the bank is back").retry_all(&filter).await?;
/// let ended = bus.operations().run(begun.operation_id, |now| println!("{} of {}", now.done_count, now.total_count)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Operations(Bus);

impl Operations {
    pub(super) fn new(bus: Bus) -> Self {
        Self(bus)
    }

    /// How an operation stands.
    pub async fn get(&self, id: OperationId) -> Result<Operation, OpsError> {
        self.0.store().admin().operation(id).await?.ok_or(OpsError::OperationNotFound { id })
    }

    /// Operations, newest first.
    pub async fn list(&self, page: Page<OperationId>) -> Result<Listing<Operation, OperationId>, StoreError> {
        self.0.store().admin().operations(page).await
    }

    /// Goes on with an operation to its end, and tells how it stands after each step.
    pub async fn run(&self, id: OperationId, mut watch: impl FnMut(&Operation) + Send) -> Result<Operation, OpsError> {
        let store = self.0.store();
        let mut before = self.get(id).await?;
        loop {
            watch(&before);
            if before.is_over() {
                return Ok(before);
            }
            let now = match store.admin().advance_operation(id, CHUNK).await {
                Ok(found) => found.ok_or(OpsError::OperationNotFound { id })?,
                Err(StoreError::Conflict { .. }) => {
                    store.sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if now == before {
                store.sleep(PAUSE).await;
            }
            before = now;
        }
    }

    /// Ends an operation where it stands. What it did stays done.
    pub async fn cancel(&self, id: OperationId) -> Result<Operation, OpsError> {
        self.0.store().admin().cancel_operation(id).await?.ok_or(OpsError::OperationNotFound { id })
    }
}
