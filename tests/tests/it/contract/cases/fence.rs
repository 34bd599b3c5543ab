use commandbus::{
    message::{CommandId, CommandStatus},
    store::{Settled, Token, Verdict},
};
use serde_json::json;

use crate::contract::{
    verdicts::{BACKOFF, again, complete, complete_with, each, fail, give_back, park, retry},
    world::{LEASE, World, debit},
};

/// Each verdict on this token, and a renewal, are refused and change nothing that anybody can see.
async fn is_dead(world: &World, token: Token) {
    let before = world.command(token.command_id).await;
    let (events, messages) = (world.events(token.command_id).await, world.waiting().await.len());
    for verdict in each() {
        assert_eq!(world.settle(token, verdict.clone()).await, Settled::Stale, "{verdict:?}");
    }
    assert_eq!(world.store.renew(&world.domain, &[token], LEASE).await.unwrap(), [false]);
    assert_eq!(world.command(token.command_id).await, before);
    assert_eq!(world.events(token.command_id).await, events);
    assert_eq!(world.waiting().await.len(), messages);
}

/// After this verdict the token is used up.
async fn is_used_up_by(world: &World, verdict: Verdict) {
    world.send(debit(100)).await;
    let token = world.run(verdict).await;
    is_dead(world, token).await;
}

pub(crate) async fn a_token_is_used_up_by_completing(world: &World) {
    is_used_up_by(world, complete()).await;
}

pub(crate) async fn a_token_is_used_up_by_a_retry(world: &World) {
    is_used_up_by(world, retry()).await;
}

pub(crate) async fn a_token_is_used_up_by_parking(world: &World) {
    is_used_up_by(world, park()).await;
}

pub(crate) async fn a_token_is_used_up_by_failing(world: &World) {
    is_used_up_by(world, fail()).await;
}

pub(crate) async fn a_token_is_used_up_by_giving_back(world: &World) {
    is_used_up_by(world, give_back()).await;
}

pub(crate) async fn a_token_given_back_stays_dead_when_another_worker_has_the_command(world: &World) {
    world.send(debit(100)).await;
    let first = world.run(give_back()).await;
    let second = world.delivery().await;
    assert_eq!(second.attempt, 1, "the same attempt again, so attempts would be no fence");
    is_dead(world, first).await;
    assert_eq!(world.settle(second.token, complete()).await, Settled::Recorded);
}

pub(crate) async fn a_worker_that_comes_late_changes_nothing(world: &World) {
    let id = world.send(debit(100)).await;
    let late = world.delivery().await.token;
    world.pass_time(LEASE).await;
    let current = world.delivery().await.token;
    is_dead(world, late).await;
    assert_eq!(world.settle(current, complete()).await, Settled::Recorded);
    is_dead(world, late).await;
    assert_eq!(world.status(id).await, CommandStatus::Completed);
}

pub(crate) async fn a_worker_that_comes_late_sends_no_reply(world: &World) {
    let mut command = debit(100);
    command.reply_to = Some(world.domain.replies_queue());
    let id = world.send(command).await;
    let late = world.delivery().await.token;
    world.pass_time(LEASE).await;
    world.delivery().await;
    assert_eq!(world.settle(late, complete_with(json!(1))).await, Settled::Stale);
    assert!(world.harness.messages(&world.domain.replies_queue()).await.is_empty());
    assert!(world.reply(id).await.is_none());
}

pub(crate) async fn a_token_of_the_attempt_before_the_backoff_is_dead(world: &World) {
    world.send(debit(100)).await;
    let first = world.run(retry()).await;
    world.pass_time(BACKOFF).await;
    world.delivery().await;
    is_dead(world, first).await;
}

pub(crate) async fn a_token_of_the_life_before_an_operator_retried_is_dead(world: &World) {
    let id = world.send(debit(100)).await;
    let first = world.run(park()).await;
    world.resolve(id, again()).await;
    is_dead(world, first).await;
    let second = world.delivery().await;
    assert_eq!((second.attempt, second.token.delivery), (1, 2));
    is_dead(world, first).await;
}

pub(crate) async fn a_token_settles_once_even_within_one_group(world: &World) {
    let (batch, ids) = world.batch_of(2).await;
    let token = world.deliveries().await[0].token;
    let answers = world.settle_all([(token, complete()), (token, fail())]).await;
    assert_eq!(answers, [Settled::Recorded, Settled::Stale]);
    assert_eq!(world.status(ids[0]).await, CommandStatus::Completed);
    assert_eq!(world.counts(batch).await.1, [1, 0, 0, 0]);
}

pub(crate) async fn a_token_fits_in_all_its_parts_or_not_at_all(world: &World) {
    world.send(debit(100)).await;
    let token = world.delivery().await.token;
    is_dead(world, Token { delivery: token.delivery + 1, ..token }).await;
    is_dead(world, Token { delivery: token.delivery - 1, ..token }).await;
    is_dead(world, Token { msg_id: token.msg_id + 1, ..token }).await;
    let nobody = Token { command_id: CommandId::new(), ..token };
    assert_eq!(world.settle(nobody, complete()).await, Settled::Stale);
    assert_eq!(world.store.renew(&world.domain, &[nobody, token], LEASE).await.unwrap(), [false, true]);
    assert_eq!(world.settle(token, complete()).await, Settled::Recorded);
}
