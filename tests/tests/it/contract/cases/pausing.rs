use commandbus::{
    message::{BatchId, BatchStatus, CommandStatus},
    store::{AuditFilter, Page, Settled},
};
use serde_json::json;

use crate::contract::{
    verdicts::complete,
    world::{LEASE, World, debit},
};

async fn pause(world: &World, batch: impl Into<Option<BatchId>>, paused: bool) {
    world.store.set_paused(&world.domain, batch.into(), paused, "olivia", None).await.unwrap();
}

/// Receives while everything there is is paused.
async fn holds(world: &World, count: usize) {
    let received = world.receive().await;
    assert!(received.deliveries.is_empty() && received.parked.is_empty() && received.strays.is_empty());
    assert_eq!(received.held, count);
}

pub(crate) async fn a_paused_batch_is_held_uncounted(world: &World) {
    let (batch, ids) = world.batch_of(2).await;
    pause(world, batch, true).await;
    assert!(world.batch(batch).await.paused_at.is_some());
    holds(world, 2).await;
    holds(world, 0).await;
    let row = world.command(ids[0]).await;
    assert_eq!((row.status, row.attempts, row.delivery), (CommandStatus::Pending, 0, 0));
    assert_eq!(world.events(ids[0]).await, ["SENT"]);
    assert_eq!(world.counts(batch).await, (BatchStatus::Pending, [0; 4]));
}

pub(crate) async fn a_pause_says_who_and_why(world: &World) {
    let (batch, _) = world.batch_of(1).await;
    for paused in [true, true, false, false] {
        let (by, reason) = if paused { ("ann", Some("the bank is down")) } else { ("bob", None) };
        world.store.set_paused(&world.domain, Some(batch), paused, by, reason).await.unwrap();
        world.store.set_paused(&world.domain, None, paused, by, reason).await.unwrap();
    }
    let of_batch = world.audit(batch).await;
    // What changed nothing is not recorded.
    assert_eq!(world.events(batch).await, ["OPERATOR_PAUSE", "OPERATOR_RESUME"]);
    assert_eq!(of_batch[0].details, json!({ "operator": "ann", "reason": "the bank is down" }));
    assert_eq!(of_batch[1].details, json!({ "operator": "bob", "reason": null }));

    let mut filter = AuditFilter::default();
    filter.domain = Some(world.domain.clone());
    let all = world.store.admin().search_audit(&filter, Page::first(50)).await.unwrap().items;
    let whole: Vec<_> = all.iter().filter(|event| event.details["whole_domain"] == true).collect();
    let told: Vec<_> = whole.iter().map(|event| (event.event.as_str(), event.details["operator"].as_str())).collect();
    assert_eq!(told, [("OPERATOR_RESUME", Some("bob")), ("OPERATOR_PAUSE", Some("ann"))]);
    assert!(whole.iter().all(|event| event.subject != batch.as_uuid()));
}

pub(crate) async fn a_resumed_batch_runs_at_once(world: &World) {
    let (batch, _) = world.batch_of(2).await;
    pause(world, batch, true).await;
    holds(world, 2).await;
    pause(world, batch, false).await;
    assert_eq!(world.batch(batch).await.paused_at, None);
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries.len(), 2);
    assert!(deliveries.iter().all(|delivery| delivery.attempt == 1));
}

pub(crate) async fn a_paused_batch_hinders_no_other(world: &World) {
    let (paused, _) = world.batch_of(2).await;
    let (other, _) = world.batch_of(1).await;
    let single = world.send(debit(100)).await;
    pause(world, paused, true).await;
    let received = world.receive().await;
    assert_eq!(received.held, 2);
    let mut batches: Vec<_> = received.deliveries.iter().map(|delivery| delivery.batch_id).collect();
    batches.sort();
    assert_eq!(batches, [None, Some(other)]);
    assert!(received.deliveries.iter().any(|delivery| delivery.token.command_id == single));
}

pub(crate) async fn what_runs_when_its_batch_is_paused_finishes(world: &World) {
    let (batch, ids) = world.batch_of(1).await;
    let token = world.delivery().await.token;
    pause(world, batch, true).await;
    assert_eq!(world.store.renew(&world.domain, &[token], LEASE).await.unwrap(), [true]);
    assert_eq!(world.settle(token, complete()).await, Settled::Recorded);
    assert_eq!(world.status(ids[0]).await, CommandStatus::Completed);
    assert_eq!(world.counts(batch).await, (BatchStatus::Completed, [1, 0, 0, 0]));
}

pub(crate) async fn a_paused_batch_is_canceled_like_any_other(world: &World) {
    let (batch, _) = world.batch_of(2).await;
    pause(world, batch, true).await;
    holds(world, 2).await;
    assert_eq!(world.store.cancel_rest(&world.domain, batch, "ada", "enough").await.unwrap(), 2);
    pause(world, batch, false).await;
    assert!(world.deliveries().await.is_empty());
}

pub(crate) async fn nothing_is_parked_during_a_pause(world: &World) {
    let (batch, ids) = world.batch_of(1).await;
    for _ in 0..3 {
        world.delivery().await;
        world.pass_time(LEASE).await;
    }
    pause(world, batch, true).await;
    holds(world, 1).await;
    assert_eq!(world.status(ids[0]).await, CommandStatus::InProgress);
    pause(world, batch, false).await;
    assert_eq!(world.receive().await.parked, ids);
}

pub(crate) async fn nothing_of_a_paused_domain_is_received(world: &World) {
    let (_, ids) = world.batch_of(2).await;
    world.send(debit(100)).await;
    pause(world, None, true).await;
    holds(world, 0).await;
    world.send(debit(100)).await;
    holds(world, 0).await;
    let row = world.command(ids[0]).await;
    assert_eq!((row.status, row.attempts, row.delivery), (CommandStatus::Pending, 0, 0));
    pause(world, None, false).await;
    assert_eq!(world.deliveries().await.len(), 4);
}

pub(crate) async fn what_runs_when_its_domain_is_paused_finishes(world: &World) {
    let id = world.send(debit(100)).await;
    let token = world.delivery().await.token;
    pause(world, None, true).await;
    assert_eq!(world.settle(token, complete()).await, Settled::Recorded);
    assert_eq!(world.status(id).await, CommandStatus::Completed);
}

pub(crate) async fn each_pause_ends_by_itself(world: &World) {
    let (batch, _) = world.batch_of(1).await;
    pause(world, batch, true).await;
    holds(world, 1).await;
    pause(world, None, true).await;
    pause(world, batch, false).await;
    assert!(world.receive().await.deliveries.is_empty(), "the domain is still paused");
    pause(world, batch, true).await;
    pause(world, None, false).await;
    assert!(world.receive().await.deliveries.is_empty(), "the batch is still paused");
    pause(world, batch, false).await;
    assert_eq!(world.deliveries().await.len(), 1);
}

pub(crate) async fn pausing_twice_is_pausing_once(world: &World) {
    let (batch, _) = world.batch_of(1).await;
    pause(world, batch, true).await;
    let since = world.batch(batch).await.paused_at;
    pause(world, batch, true).await;
    assert_eq!(world.batch(batch).await.paused_at, since);
    pause(world, batch, false).await;
    assert_eq!(world.deliveries().await.len(), 1);
}

pub(crate) async fn pausing_what_ended_or_never_was_changes_nothing(world: &World) {
    let (batch, _) = world.batch_of(1).await;
    world.run(complete()).await;
    pause(world, batch, true).await;
    assert_eq!(world.batch(batch).await.paused_at, None);
    pause(world, BatchId::new(), true).await;
}
