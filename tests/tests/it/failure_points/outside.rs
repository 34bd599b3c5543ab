//! What is done to commands and batches from outside their handlers.

use commandbus::{
    message::CommandId,
    store::{AdminStore, NewOperation, OperationId, OperationVerb, OperatorVerb, ParkedFilter, Store},
};
use serde_json::json;

use super::{
    commands::{asking, batch_with_callback, grouped},
    transitions::{Act, act},
};
use crate::contract::{
    verdicts::{again, completed, edited, park},
    world::{World, debit, operator, raw},
};

fn cancel(world: &World, ids: Vec<CommandId>) -> Act {
    let domain = world.domain.clone();
    act!([domain, ids], |store| store.cancel(&domain, &ids, "ada", "not needed"))
}

pub(super) async fn canceling(world: &World) -> Act {
    let ids = vec![world.send(grouped(asking(debit(1)))).await, world.send(debit(2)).await];
    cancel(world, ids)
}

pub(super) async fn canceling_the_rest(world: &World) -> Act {
    let (domain, batch) = (world.domain.clone(), batch_with_callback(world, 3).await);
    act!([domain], |store| store.cancel_rest(&domain, batch, "ada", "not needed"))
}

pub(super) async fn pausing(world: &World) -> Act {
    let (domain, (batch, _)) = (world.domain.clone(), world.batch_of(1).await);
    act!([domain], |store| store.set_paused(&domain, Some(batch), true, "olivia", None))
}

pub(super) async fn resuming(world: &World) -> Act {
    let (domain, (batch, _)) = (world.domain.clone(), world.batch_of(2).await);
    world.store.set_paused(&domain, Some(batch), true, "olivia", None).await.unwrap();
    world.receive().await;
    act!([domain], |store| store.set_paused(&domain, Some(batch), false, "olivia", None))
}

fn resolving(world: &World, id: CommandId, verb: OperatorVerb) -> Act {
    let (domain, actions) = (world.domain.clone(), vec![operator(id, verb)]);
    act!([domain, actions], |store| store.resolve(&domain, &actions))
}

/// The only command of a batch with a callback, parked.
async fn parked_in_a_batch(world: &World) -> CommandId {
    batch_with_callback(world, 1).await;
    world.run(park()).await.command_id
}

pub(super) async fn an_operator_retries(world: &World) -> Act {
    let id = parked_in_a_batch(world).await;
    resolving(world, id, again())
}

pub(super) async fn an_operator_edits(world: &World) -> Act {
    let id = parked_in_a_batch(world).await;
    resolving(world, id, edited(json!({ "cents": 1 })))
}

pub(super) async fn an_operator_cancels(world: &World) -> Act {
    let id = world.send(grouped(asking(debit(1)))).await;
    world.run(park()).await;
    resolving(world, id, OperatorVerb::Cancel)
}

pub(super) async fn an_operator_completes_the_last_of_a_batch(world: &World) -> Act {
    let id = parked_in_a_batch(world).await;
    resolving(world, id, OperatorVerb::Complete { result: Some(raw(json!(7))) })
}

pub(super) async fn an_operator_completes_a_step(world: &World) -> Act {
    world.process_batch_of(1).await;
    let id = world.run(park()).await.command_id;
    resolving(world, id, completed())
}

pub(super) fn operation(verb: OperationVerb) -> NewOperation {
    NewOperation {
        operation_id: OperationId::new(),
        verb,
        filter: ParkedFilter::default(),
        operator: "ada".into(),
        reason: None,
        result: None,
    }
}

pub(super) async fn an_operation_begins(world: &World) -> Act {
    parked_in_a_batch(world).await;
    let operation = operation(OperationVerb::Retry);
    act!([operation], |store| store.begin_operation(&operation))
}

pub(super) async fn an_operation_goes_on(world: &World) -> Act {
    parked_in_a_batch(world).await;
    world.sent_and_run(park()).await;
    let operation = operation(OperationVerb::Complete);
    world.store.admin().begin_operation(&operation).await.unwrap();
    let id = operation.operation_id;
    act!([], |store| store.advance_operation(id, 10))
}

pub(super) async fn an_operation_is_canceled(world: &World) -> Act {
    parked_in_a_batch(world).await;
    let operation = operation(OperationVerb::Retry);
    world.store.admin().begin_operation(&operation).await.unwrap();
    let id = operation.operation_id;
    act!([], |store| store.cancel_operation(id))
}

/// A batch whose counts somebody wrote over, so that it ends when it is counted anew.
pub(super) async fn a_batch_is_recounted(world: &World) -> Act {
    let (domain, batch) = (world.domain.clone(), batch_with_callback(world, 1).await);
    let pool = world.store.as_postgres().unwrap().pool();
    crate::support::run(pool, "update commandbus.command set status = 'COMPLETED'").await;
    act!([domain], |store| store.recount_batch(&domain, batch))
}
