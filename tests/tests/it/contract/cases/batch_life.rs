use std::time::Duration;

use commandbus::{
    message::{BatchId, BatchStatus, CommandId},
    store::{OperatorVerb, Resolution, Token, Verdict},
};
use serde_json::json;

use crate::contract::{
    verdicts::{BACKOFF, again, complete, completed, fail, give_back, park, retry},
    world::{LEASE, World},
};

use BatchStatus::{Completed, CompletedWithFailures, InProgress, Pending};

/// A batch whose commands have all been received.
async fn running(world: &World, size: u32) -> (BatchId, Vec<CommandId>, Vec<Token>) {
    let (batch, ids) = world.batch_of(size).await;
    let tokens = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    (batch, ids, tokens)
}

/// A batch whose commands ended like this, in one group.
async fn ended(world: &World, verdicts: impl IntoIterator<Item = Verdict>) -> (BatchId, Vec<CommandId>) {
    let verdicts: Vec<Verdict> = verdicts.into_iter().collect();
    let (batch, ids, tokens) = running(world, verdicts.len() as u32).await;
    world.settle_all(tokens.into_iter().zip(verdicts)).await;
    (batch, ids)
}

async fn ended_once(world: &World, batch: BatchId) {
    assert_eq!(world.events(batch).await, ["BATCH_STARTED", "BATCH_COMPLETED"]);
}

pub(crate) async fn the_first_receive_starts_it(world: &World) {
    let (batch, _) = world.batch_of(2).await;
    assert_eq!(world.counts(batch).await, (Pending, [0; 4]));
    world.store.receive(&world.domain, 1, LEASE).await.unwrap();
    assert_eq!(world.counts(batch).await, (InProgress, [0; 4]));
    let started_at = world.batch(batch).await.started_at;
    assert!(started_at.is_some());
    world.pass_time(Duration::from_secs(1)).await;
    world.deliveries().await;
    assert_eq!(world.events(batch).await, ["BATCH_STARTED"]);
}

pub(crate) async fn it_counts_each_end_and_completes_with_the_last(world: &World) {
    let (batch, _, tokens) = running(world, 3).await;
    for (done, token) in (1..).zip(tokens) {
        world.settle(token, complete()).await;
        let status = if done == 3 { Completed } else { InProgress };
        assert_eq!(world.counts(batch).await, (status, [done, 0, 0, 0]));
        assert_eq!(world.batch(batch).await.completed_at.is_some(), done == 3);
    }
    ended_once(world, batch).await;
}

pub(crate) async fn one_group_may_end_it(world: &World) {
    let (batch, _) = ended(world, [complete(), complete(), complete()]).await;
    assert_eq!(world.counts(batch).await, (Completed, [3, 0, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn one_group_may_end_several(world: &World) {
    let (first, _) = world.batch_of(2).await;
    let (second, _) = world.batch_of(1).await;
    let (third, _) = world.batch_of(2).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    let verdicts = [complete(), complete(), fail(), complete(), park()];
    world.settle_all(tokens.into_iter().zip(verdicts)).await;
    assert_eq!(world.counts(first).await, (Completed, [2, 0, 0, 0]));
    assert_eq!(world.counts(second).await, (CompletedWithFailures, [0, 1, 0, 0]));
    assert_eq!(world.counts(third).await, (InProgress, [1, 0, 0, 1]));
}

pub(crate) async fn a_batch_of_one_is_a_batch(world: &World) {
    let (batch, _) = ended(world, [complete()]).await;
    assert_eq!(world.counts(batch).await, (Completed, [1, 0, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn a_refused_command_is_a_failure_of_the_batch(world: &World) {
    let (batch, _) = ended(world, [complete(), fail(), complete()]).await;
    assert_eq!(world.counts(batch).await, (CompletedWithFailures, [2, 1, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn a_canceled_command_is_a_failure_of_the_batch(world: &World) {
    let (batch, ids) = world.batch_of(2).await;
    world.store.cancel(&world.domain, &ids[..1], "ada", "no need").await.unwrap();
    assert_eq!(world.counts(batch).await, (InProgress, [0, 0, 1, 0]), "a cancel starts it as well");
    world.run(complete()).await;
    assert_eq!(world.counts(batch).await, (CompletedWithFailures, [1, 0, 1, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn canceling_everything_starts_and_ends_it(world: &World) {
    let (batch, ids) = world.batch_of(2).await;
    world.store.cancel(&world.domain, &ids, "ada", "no need").await.unwrap();
    assert_eq!(world.counts(batch).await, (CompletedWithFailures, [0, 0, 2, 0]));
    let row = world.batch(batch).await;
    assert!(row.started_at.is_some() && row.started_at <= row.completed_at);
    ended_once(world, batch).await;
}

pub(crate) async fn it_stays_open_while_something_is_parked(world: &World) {
    let (batch, _) = ended(world, [complete(), complete(), park()]).await;
    assert_eq!(world.counts(batch).await, (InProgress, [2, 0, 0, 1]));
    assert_eq!(world.events(batch).await, ["BATCH_STARTED"]);
}

pub(crate) async fn it_ends_when_an_operator_completes_the_last(world: &World) {
    let (batch, ids) = ended(world, [complete(), park()]).await;
    assert_eq!(world.resolve(ids[1], completed()).await, Resolution::Done);
    assert_eq!(world.counts(batch).await, (Completed, [2, 0, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn it_ends_when_an_operator_cancels_the_last(world: &World) {
    let (batch, ids) = ended(world, [complete(), complete(), park()]).await;
    assert_eq!(world.resolve(ids[2], OperatorVerb::Cancel).await, Resolution::Done);
    assert_eq!(world.counts(batch).await, (CompletedWithFailures, [2, 0, 1, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn it_ends_when_what_an_operator_retried_completes(world: &World) {
    let (batch, ids) = ended(world, [park(), complete()]).await;
    world.resolve(ids[0], again()).await;
    assert_eq!(world.counts(batch).await, (InProgress, [1, 0, 0, 0]));
    world.run(park()).await;
    assert_eq!(world.counts(batch).await, (InProgress, [1, 0, 0, 1]), "parked once more");
    world.resolve(ids[0], again()).await;
    world.run(complete()).await;
    assert_eq!(world.counts(batch).await, (Completed, [2, 0, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn it_ends_only_with_the_last_of_several_parked(world: &World) {
    let (batch, ids) = ended(world, [park(), park(), park()]).await;
    assert_eq!(world.counts(batch).await, (InProgress, [0, 0, 0, 3]));
    world.resolve(ids[0], completed()).await;
    assert_eq!(world.counts(batch).await, (InProgress, [1, 0, 0, 2]));
    world.resolve(ids[1], OperatorVerb::Cancel).await;
    assert_eq!(world.counts(batch).await, (InProgress, [1, 0, 1, 1]));
    world.resolve(ids[2], completed()).await;
    assert_eq!(world.counts(batch).await, (CompletedWithFailures, [2, 0, 1, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn a_command_that_workers_died_on_counts_as_parked(world: &World) {
    let (batch, _) = world.batch_of(1).await;
    for _ in 0..3 {
        world.delivery().await;
        world.pass_time(LEASE).await;
    }
    assert_eq!(world.counts(batch).await, (InProgress, [0; 4]));
    world.receive().await;
    assert_eq!(world.counts(batch).await, (InProgress, [0, 0, 0, 1]));
}

pub(crate) async fn retries_and_give_backs_do_not_count(world: &World) {
    let (batch, _) = world.batch_of(1).await;
    world.run(give_back()).await;
    world.run(retry()).await;
    world.pass_time(BACKOFF).await;
    assert_eq!(world.counts(batch).await, (InProgress, [0; 4]));
    world.run(complete()).await;
    assert_eq!(world.counts(batch).await, (Completed, [1, 0, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn what_comes_late_does_not_count(world: &World) {
    let (batch, _, tokens) = running(world, 2).await;
    for _ in 0..3 {
        world.settle(tokens[0], complete()).await;
    }
    assert_eq!(world.counts(batch).await, (InProgress, [1, 0, 0, 0]));
}

pub(crate) async fn its_end_tells_status_and_counts(world: &World) {
    let (batch, ids) = world.batch_of(4).await;
    world.store.cancel(&world.domain, &ids[..1], "ada", "no need").await.unwrap();
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all(tokens.into_iter().zip([complete(), complete(), fail()])).await;
    let audit = world.audit(batch).await;
    assert_eq!(audit[0].details, json!({ "batch_id": batch, "status": "IN_PROGRESS", "total_count": 4 }));
    let ended = json!({
        "batch_id": batch,
        "status": "COMPLETED_WITH_FAILURES",
        "total_count": 4,
        "completed_count": 2,
        "failed_count": 1,
        "canceled_count": 1,
    });
    assert_eq!(audit[1].details, ended);
}

pub(crate) async fn many_at_once_end_it_once(world: &World) {
    let (batch, _, tokens) = running(world, 24).await;
    let settle = |part: &[Token]| {
        let group: Vec<_> = part.iter().map(|token| (*token, complete())).collect();
        world.settle_all(group)
    };
    let (a, b, c) = (&tokens[..8], &tokens[8..16], &tokens[16..]);
    tokio::join!(settle(a), settle(b), settle(c));
    assert_eq!(world.counts(batch).await, (Completed, [24, 0, 0, 0]));
    ended_once(world, batch).await;
}
