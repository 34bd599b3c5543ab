use std::time::Duration;

use commandbus::{
    message::{BatchId, BatchStatus, CommandId, CommandStatus, Domain},
    store::{NewCommand, Start},
};

use crate::contract::{
    verdicts::{complete, completed, fail, park},
    world::{LEASE, World, debit},
};

fn close_month() -> NewCommand {
    let mut command = debit(0);
    command.command_type = "CloseMonth".into();
    command
}

/// A batch of two, followed by `CloseMonth`.
async fn batch_then(world: &World, domain: &Domain, then: NewCommand) -> (BatchId, Vec<CommandId>) {
    let mut batch = world.new_batch();
    let batch_id = batch.batch_id;
    batch.then = Some((domain.clone(), then));
    let commands = [debit(1), debit(2)];
    assert_eq!(world.create(batch, &commands).await, Ok(2));
    (batch_id, commands.map(|command| command.command_id).to_vec())
}

async fn is_sent(world: &World, id: CommandId) -> bool {
    world.store.command(&world.domain, id).await.unwrap().is_some()
}

pub(crate) async fn it_is_sent_once_when_the_batch_ends(world: &World) {
    let then = close_month();
    let id = then.command_id;
    batch_then(world, &world.domain, then).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle(tokens[0], complete()).await;
    assert!(!is_sent(world, id).await);
    world.settle(tokens[1], complete()).await;
    assert!(is_sent(world, id).await);

    let delivery = world.delivery().await;
    assert_eq!((delivery.token.command_id, delivery.command_type.as_str()), (id, "CloseMonth"));
    assert_eq!(delivery.batch_id, None, "it follows the batch, it is no member");
    assert_eq!(world.events(id).await, ["SENT", "RECEIVED"]);
}

pub(crate) async fn it_is_sent_also_when_some_failed(world: &World) {
    let then = close_month();
    let id = then.command_id;
    batch_then(world, &world.domain, then).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all(tokens.into_iter().map(|token| (token, fail()))).await;
    assert!(is_sent(world, id).await);
}

pub(crate) async fn it_waits_for_what_is_parked(world: &World) {
    let then = close_month();
    let id = then.command_id;
    let (_, ids) = batch_then(world, &world.domain, then).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all(tokens.into_iter().zip([park(), complete()])).await;
    assert!(!is_sent(world, id).await);
    world.resolve(ids[0], completed()).await;
    assert!(is_sent(world, id).await);
    assert_eq!(world.delivery().await.token.command_id, id);
}

pub(crate) async fn it_is_sent_when_the_rest_is_canceled(world: &World) {
    let then = close_month();
    let id = then.command_id;
    let (batch, _) = batch_then(world, &world.domain, then).await;
    world.store.cancel_rest(&world.domain, batch, "ada", "no need").await.unwrap();
    assert_eq!(world.delivery().await.token.command_id, id);
}

pub(crate) async fn it_may_belong_to_another_domain(world: &World) {
    let ledger = Domain::from_static("ledger");
    world.store.ensure_queues(&ledger, &[]).await.unwrap();
    let then = close_month();
    let id = then.command_id;
    let (batch, _) = batch_then(world, &ledger, then).await;
    world.store.cancel_rest(&world.domain, batch, "ada", "no need").await.unwrap();
    let received = world.store.receive(&ledger, 10, LEASE).await.unwrap();
    assert_eq!(received.deliveries[0].token.command_id, id);
    assert_eq!(received.deliveries[0].domain, ledger);
}

pub(crate) async fn its_delay_begins_when_the_batch_ends(world: &World) {
    let mut then = close_month();
    then.start = Start::After(Duration::from_secs(60));
    let (batch, _) = batch_then(world, &world.domain, then).await;
    world.pass_time(Duration::from_secs(120)).await;
    world.store.cancel_rest(&world.domain, batch, "ada", "no need").await.unwrap();
    assert!(world.deliveries().await.is_empty());
    world.pass_time(Duration::from_secs(60)).await;
    assert_eq!(world.deliveries().await.len(), 1);
}

pub(crate) async fn a_taken_id_refuses_the_batch(world: &World) {
    let known = world.send(debit(1)).await;
    let mut then = close_month();
    then.command_id = known;
    let mut batch = world.new_batch();
    batch.then = Some((world.domain.clone(), then));
    assert_eq!(world.create(batch, &[debit(2)]).await, Err(vec![known]));
    assert_eq!(world.waiting().await.len(), 1);
}

pub(crate) async fn an_id_taken_meanwhile_does_not_keep_the_batch_from_ending(world: &World) {
    let then = close_month();
    let (batch, _) = batch_then(world, &world.domain, then.clone()).await;
    let mut taker = debit(5);
    taker.command_id = then.command_id;
    world.send(taker).await;
    world.store.cancel_rest(&world.domain, batch, "ada", "no need").await.unwrap();
    assert_eq!(world.counts(batch).await, (BatchStatus::CompletedWithFailures, [0, 0, 2, 0]));
    let row = world.command(then.command_id).await;
    assert_eq!((row.command_type.as_str(), row.status), ("DebitAccount", CommandStatus::Pending));
    assert_eq!(world.events(then.command_id).await, ["SENT"]);
}
