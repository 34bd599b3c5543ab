//! S043: the creator of a batch is called back when it has ended.

mod callbacks;
mod elsewhere;
mod ends;
mod restarts;

use commandbus::{
    bus::Batch,
    message::{BatchMetadata, CommandId},
    prelude::*,
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::house::{DebitAccount, Does, House, debit, recorder};

/// A batch with a callback: the batch, the ids of its commands, and where the call shows.
async fn batch_of(house: &House, members: &[Does]) -> (Batch, Vec<CommandId>, UnboundedReceiver<BatchMetadata>) {
    let (callback, calls) = recorder();
    let ids: Vec<CommandId> = members.iter().map(|_| CommandId::new()).collect();
    let batch = DebitAccount::batch("Monthly billing")
        .extend(members.iter().zip(&ids).map(|(does, id)| debit(*does).with_id(*id)))
        .on_complete(callback)
        .send(&house.bus)
        .await
        .unwrap();
    (batch, ids, calls)
}

/// How often the end of a batch was recorded.
async fn recorded_ends(house: &House, batch: &Batch) -> usize {
    let trail = house.bus.audit().of_batch(batch.domain(), batch.id()).await.unwrap();
    trail.iter().filter(|event| event.event == "BATCH_COMPLETED").count()
}

/// Completed, failed, canceled and parked.
fn counts(batch: &BatchMetadata) -> (u32, u32, u32, u32) {
    (batch.completed_count, batch.failed_count, batch.canceled_count, batch.in_troubleshooting_count)
}
