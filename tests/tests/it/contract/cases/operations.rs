use commandbus::{
    message::{CommandId, CommandStatus, Failure},
    store::{NewOperation, Operation, OperationId, OperationStatus, OperationVerb, Page, ParkReason, ParkedFilter},
};
use serde_json::json;

use crate::contract::{
    verdicts::{again, complete, park, park_as},
    world::{World, raw, read},
};

fn new(verb: OperationVerb, filter: ParkedFilter) -> NewOperation {
    NewOperation {
        operation_id: OperationId::new(),
        verb,
        filter,
        operator: "ada".into(),
        reason: Some("all of one cause".into()),
        result: (verb == OperationVerb::Complete).then(|| raw(json!({ "done": "by hand" }))),
    }
}

async fn begin(world: &World, verb: OperationVerb, filter: ParkedFilter) -> Operation {
    world.store.admin().begin_operation(&new(verb, filter)).await.unwrap()
}

async fn advance(world: &World, operation: &Operation, limit: u32) -> Operation {
    world.store.admin().advance_operation(operation.operation_id, limit).await.unwrap().unwrap()
}

async fn parked(world: &World, count: usize) -> Vec<CommandId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(world.sent_and_run(park()).await);
    }
    ids
}

pub(crate) async fn an_operation_does_everything_that_its_filter_found(world: &World) {
    let ids = parked(world, 5).await;
    let other = world.sent_and_run(park_as(ParkReason::Permanent, Failure::permanent("OTHER", "another cause"))).await;
    let filter = ParkedFilter::default().with_code("ACCOUNT_GONE");

    let begun = begin(world, OperationVerb::Retry, filter.clone()).await;
    assert_eq!((begun.status, begun.total_count, begun.done_count), (OperationStatus::Running, 5, 0));
    let first = advance(world, &begun, 3).await;
    assert_eq!((first.status, first.done_count), (OperationStatus::Running, 3));
    let ended = advance(world, &begun, 3).await;
    assert_eq!((ended.status, ended.done_count, ended.skipped_count), (OperationStatus::Completed, 5, 0));
    assert!(ended.completed_at.is_some());
    assert_eq!(advance(world, &begun, 3).await, ended, "what is over stays so");

    assert_eq!(
        (ended.filter, ended.operator.as_str(), ended.reason.as_deref()),
        (filter, "ada", Some("all of one cause"))
    );
    for id in ids {
        assert_eq!(world.status(id).await, CommandStatus::Pending);
        let event = world.audit(id).await.pop().unwrap();
        assert_eq!((event.event.as_str(), &event.details["operator"]), ("OPERATOR_RETRY", &json!("ada")));
    }
    assert_eq!(world.status(other).await, CommandStatus::InTroubleshooting);
}

pub(crate) async fn each_verb_can_be_an_operation(world: &World) {
    for (verb, status) in [
        (OperationVerb::Retry, CommandStatus::Pending),
        (OperationVerb::Cancel, CommandStatus::Canceled),
        (OperationVerb::Complete, CommandStatus::Completed),
    ] {
        let ids = parked(world, 2).await;
        let begun = begin(world, verb, ParkedFilter::default()).await;
        assert_eq!(advance(world, &begun, 10).await.done_count, 2, "{verb}");
        assert_eq!(world.status(ids[1]).await, status);
        if verb == OperationVerb::Complete {
            let result = world.reply(ids[0]).await.unwrap().result.unwrap();
            assert_eq!(read(&result), json!({ "done": "by hand" }));
        }
        world.run_all(complete).await;
    }
}

pub(crate) async fn what_is_parked_later_is_left(world: &World) {
    let (batch, _) = world.batch_of(1).await;
    world.run(park()).await;
    let begun = begin(world, OperationVerb::Retry, ParkedFilter::default().of_batch(batch)).await;
    let first = advance(world, &begun, 1).await;
    assert_eq!((first.status, first.done_count), (OperationStatus::Running, 1), "there may be more");
    world.run(park()).await;
    let ended = advance(world, &begun, 1).await;
    assert_eq!((ended.status, ended.done_count), (OperationStatus::Completed, 1));
    assert_eq!(world.parked().await.len(), 1);
}

pub(crate) async fn what_somebody_else_resolved_is_skipped(world: &World) {
    let ids = parked(world, 3).await;
    let begun = begin(world, OperationVerb::Cancel, ParkedFilter::default()).await;
    world.resolve(ids[1], again()).await;
    let ended = advance(world, &begun, 10).await;
    assert_eq!((ended.total_count, ended.done_count, ended.skipped_count), (3, 2, 1));
    assert_eq!(world.status(ids[1]).await, CommandStatus::Pending);
}

pub(crate) async fn an_operation_on_chosen_commands_takes_these_only(world: &World) {
    let ids = parked(world, 3).await;
    let mut filter = ParkedFilter::default();
    filter.command_ids = Some(vec![ids[0], ids[2]]);
    assert_eq!(world.store.count_parked(&filter).await.unwrap(), 2);
    let begun = begin(world, OperationVerb::Cancel, filter).await;
    assert_eq!(advance(world, &begun, 10).await.done_count, 2);
    assert_eq!(world.status(ids[1]).await, CommandStatus::InTroubleshooting);
}

pub(crate) async fn a_canceled_operation_goes_no_further(world: &World) {
    parked(world, 3).await;
    let begun = begin(world, OperationVerb::Cancel, ParkedFilter::default()).await;
    advance(world, &begun, 1).await;
    let canceled = world.store.admin().cancel_operation(begun.operation_id).await.unwrap().unwrap();
    assert_eq!((canceled.status, canceled.done_count), (OperationStatus::Canceled, 1));
    assert_eq!(advance(world, &begun, 1).await, canceled);
    assert_eq!(world.parked().await.len(), 2);
}

pub(crate) async fn an_operation_that_finds_nothing_is_over_at_once(world: &World) {
    let begun = begin(world, OperationVerb::Retry, ParkedFilter::default()).await;
    assert_eq!((begun.status, begun.total_count), (OperationStatus::Completed, 0));
    assert_eq!(world.store.admin().advance_operation(OperationId::new(), 1).await.unwrap(), None);
}

pub(crate) async fn operations_are_listed_newest_first(world: &World) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(begin(world, OperationVerb::Retry, ParkedFilter::default()).await.operation_id);
    }
    let first = world.store.admin().operations(Page::first(2)).await.unwrap();
    let rest = world.store.admin().operations(Page { after: first.next, limit: 2 }).await.unwrap();
    let found: Vec<_> = first.items.iter().chain(&rest.items).map(|one| one.operation_id).collect();
    ids.reverse();
    assert_eq!((found, rest.next), (ids.clone(), None));
    assert_eq!(world.store.admin().operation(ids[0]).await.unwrap().unwrap().operation_id, ids[0]);
}
