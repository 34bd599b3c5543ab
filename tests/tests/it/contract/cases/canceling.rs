use commandbus::{
    message::{BatchId, BatchStatus, CommandId, CommandStatus, Outcome},
    store::Canceled,
};
use serde_json::json;

use crate::contract::{
    verdicts::{complete, fail, give_back, park, retry},
    world::{World, debit},
};

async fn cancel(world: &World, id: CommandId) -> Canceled {
    world.store.cancel(&world.domain, &[id], "ada", "sent twice").await.unwrap()[0]
}

pub(crate) async fn a_command_that_waits_is_canceled(world: &World) {
    let id = world.send(debit(100)).await;
    assert_eq!(cancel(world, id).await, Canceled::Canceled);
    let row = world.command(id).await;
    assert_eq!(row.status, CommandStatus::Canceled);
    assert!(world.deliveries().await.is_empty());
    assert_eq!(world.archived().await, [row.msg_id.unwrap()]);
    let reply = world.reply(id).await.unwrap();
    assert_eq!((reply.outcome, reply.reason.as_deref()), (Outcome::Canceled, Some("sent twice")));
    let audit = world.audit(id).await.pop().unwrap();
    assert_eq!((&*audit.event, audit.details), ("CANCELED", json!({ "by": "ada", "reason": "sent twice" })));
}

pub(crate) async fn a_command_that_waits_for_its_backoff_is_canceled(world: &World) {
    let id = world.sent_and_run(retry()).await;
    assert_eq!(cancel(world, id).await, Canceled::Canceled);
}

pub(crate) async fn a_command_given_back_is_canceled(world: &World) {
    let id = world.sent_and_run(give_back()).await;
    assert_eq!(cancel(world, id).await, Canceled::Canceled);
}

pub(crate) async fn a_command_that_does_not_wait_is_left_alone(world: &World) {
    let completed = world.sent_and_run(complete()).await;
    let failed = world.sent_and_run(fail()).await;
    let parked = world.sent_and_run(park()).await;
    let running = world.send(debit(100)).await;
    world.delivery().await;
    let ids = [completed, failed, parked, running, CommandId::new()];
    let answers = world.store.cancel(&world.domain, &ids, "ada", "sent twice").await.unwrap();
    let left = [
        Canceled::Not(CommandStatus::Completed),
        Canceled::Not(CommandStatus::Failed),
        Canceled::Not(CommandStatus::InTroubleshooting),
        Canceled::Not(CommandStatus::InProgress),
        Canceled::NotFound,
    ];
    assert_eq!(answers, left);
    for id in &ids[..4] {
        assert!(!world.events(*id).await.contains(&"CANCELED".to_owned()));
    }
}

pub(crate) async fn a_command_is_canceled_once(world: &World) {
    let id = world.send(debit(100)).await;
    let answers = world.store.cancel(&world.domain, &[id, id], "ada", "sent twice").await.unwrap();
    assert_eq!(answers, [Canceled::Canceled, Canceled::Not(CommandStatus::Canceled)]);
    assert_eq!(world.events(id).await, ["SENT", "CANCELED"]);
}

pub(crate) async fn canceling_the_rest_leaves_what_began(world: &World) {
    let (batch, ids) = world.batch_of(5).await;
    let tokens: Vec<_> = world.store.receive(&world.domain, 3, crate::contract::world::LEASE).await.unwrap().deliveries;
    world.settle_all([(tokens[0].token, fail()), (tokens[1].token, park())]).await;
    let rest = world.store.cancel_rest(&world.domain, batch, "ada", "enough").await.unwrap();
    assert_eq!(rest, 2);
    assert_eq!(world.counts(batch).await, (BatchStatus::InProgress, [0, 1, 2, 1]));
    let mut statuses = Vec::new();
    for id in ids {
        statuses.push(world.status(id).await);
    }
    statuses.sort();
    use CommandStatus::{Canceled, Failed, InProgress, InTroubleshooting};
    assert_eq!(statuses, [InProgress, Failed, Canceled, Canceled, InTroubleshooting]);
    assert_eq!(world.store.cancel_rest(&world.domain, batch, "ada", "enough").await.unwrap(), 0);
}

pub(crate) async fn canceling_the_rest_of_an_unknown_batch_cancels_nothing(world: &World) {
    world.send(debit(100)).await;
    assert_eq!(world.store.cancel_rest(&world.domain, BatchId::new(), "ada", "enough").await.unwrap(), 0);
}
