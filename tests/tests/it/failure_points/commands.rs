//! Sending, receiving, settling, and holding on.

use commandbus::{
    message::{BatchId, CommandId, group::HEADER},
    store::{NewBatch, NewCommand, Settled, Settlement, Store, Token, Verdict, postgres::PostgresStore},
};
use serde_json::{json, value::RawValue};

use super::transitions::{Act, act};
use crate::contract::{
    verdicts::{complete, complete_with, fail, give_back, park, retry},
    world::{LEASE, World, debit, process::transfer},
};

type Failed = commandbus::error::StoreError;

pub(super) fn grouped(command: NewCommand) -> NewCommand {
    NewCommand { headers: Some([(HEADER.to_owned(), json!("one"))].into_iter().collect()), ..command }
}

pub(super) fn asking(command: NewCommand) -> NewCommand {
    NewCommand { reply_to: Some("payments__replies".into()), ..command }
}

/// A batch of so many commands that ask for replies, with a callback.
pub(super) async fn batch_with_callback(world: &World, size: u32) -> BatchId {
    let batch = NewBatch { then: Some((world.domain.clone(), debit(0))), ..world.new_batch() };
    let id = batch.batch_id;
    let commands: Vec<_> = (0..size).map(debit).map(asking).collect();
    assert_eq!(world.create(batch, &commands).await, Ok(size));
    id
}

async fn send(world: &World, commands: Vec<NewCommand>) -> Act {
    let domain = world.domain.clone();
    act!([domain, commands], |store| store.send(&domain, &commands))
}

pub(super) async fn sending_one(world: &World) -> Act {
    send(world, vec![asking(debit(1))]).await
}

pub(super) async fn sending_a_group_with_a_duplicate(world: &World) -> Act {
    let there = debit(1);
    world.send(there.clone()).await;
    send(world, vec![debit(2), there, debit(3)]).await
}

pub(super) async fn sending_into_a_group(world: &World) -> Act {
    send(world, vec![grouped(debit(1)), grouped(debit(2))]).await
}

pub(super) async fn sending_all_or_none(world: &World) -> Act {
    let (domain, commands) = (world.domain.clone(), vec![debit(1), debit(2)]);
    act!([domain, commands], |store| store.send_all(&domain, &commands))
}

async fn create(store: &PostgresStore, batch: NewBatch, commands: &[NewCommand]) -> Result<(), Failed> {
    let mut writer = store.begin_batch(batch).await?;
    writer.add(commands).await?;
    writer.finish().await?.expect("there is no duplicate");
    Ok(())
}

async fn creating(world: &World, size: u32) -> Act {
    let batch = NewBatch { then: Some((world.domain.clone(), debit(0))), ..world.new_batch() };
    let commands: Vec<_> = (0..size).map(debit).collect();
    act!([batch, commands], |store| create(&store, batch, &commands))
}

pub(super) async fn creating_a_batch(world: &World) -> Act {
    creating(world, 3).await
}

pub(super) async fn creating_a_batch_with_copy(world: &World) -> Act {
    creating(world, 400).await
}

// ---- receiving

async fn receive(store: &PostgresStore, domain: &commandbus::message::Domain) -> Result<(), Failed> {
    store.receive(domain, 100, LEASE).await.map(drop)
}

fn receiving_all(world: &World) -> Act {
    let domain = world.domain.clone();
    act!([domain], |store| receive(&store, &domain))
}

pub(super) async fn receiving(world: &World) -> Act {
    world.send(debit(1)).await;
    world.send(debit(2)).await;
    receiving_all(world)
}

pub(super) async fn receiving_into_a_batch(world: &World) -> Act {
    world.batch_of(2).await;
    receiving_all(world)
}

pub(super) async fn receiving_what_workers_died_on(world: &World) -> Act {
    world.process_batch_of(1).await;
    let batch = world.new_batch();
    let once = NewCommand { max_attempts: 1, ..debit(1) };
    world.create(batch, &[once]).await.unwrap();
    for _ in 0..3 {
        world.receive().await;
        world.pass_time(LEASE * 2).await;
    }
    receiving_all(world)
}

pub(super) async fn receiving_what_is_paused(world: &World) -> Act {
    let (batch, _) = world.batch_of(2).await;
    world.store.set_paused(&world.domain, Some(batch), true, "olivia", None).await.unwrap();
    receiving_all(world)
}

pub(super) async fn receiving_strays(world: &World) -> Act {
    let queue = world.domain.commands_queue();
    let ended = world.sent_and_run(complete()).await;
    for body in [json!("no envelope"), json!({ "command_id": CommandId::new() }), json!({ "command_id": ended })] {
        world.harness.put(&queue, body).await;
    }
    receiving_all(world)
}

pub(super) async fn giving_turns(world: &World) -> Act {
    for cents in 0..3 {
        world.send(grouped(debit(cents))).await;
    }
    receiving_all(world)
}

// ---- settling

fn settling(world: &World, group: Vec<(Token, Verdict)>) -> Act {
    let domain = world.domain.clone();
    let group: Vec<_> = group.into_iter().map(|(token, verdict)| Settlement { token, verdict }).collect();
    act!([domain, group], |store| store.settle(&domain, &group))
}

/// Receives everything and settles it.
async fn settling_all(world: &World, verdict: impl Fn() -> Verdict) -> Act {
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    settling(world, tokens.into_iter().map(|token| (token, verdict())).collect())
}

pub(super) async fn completing(world: &World) -> Act {
    world.send(asking(debit(1))).await;
    settling_all(world, || complete_with(json!(7))).await
}

pub(super) async fn completing_the_last_of_a_batch(world: &World) -> Act {
    batch_with_callback(world, 2).await;
    settling_all(world, || complete_with(json!(7))).await
}

pub(super) async fn completing_in_a_group(world: &World) -> Act {
    world.send(grouped(debit(1))).await;
    world.send(grouped(debit(2))).await;
    settling_all(world, complete).await
}

pub(super) async fn completing_without_a_queue_for_the_reply(world: &World) -> Act {
    world.send(NewCommand { reply_to: Some("nowhere".into()), ..debit(1) }).await;
    settling_all(world, complete).await
}

async fn settle_within(store: &PostgresStore, settlement: &Settlement) -> Result<(), Failed> {
    let mut transaction = store.begin_handler(settlement.token, LEASE, None).await?;
    let domain = commandbus::message::Domain::from_static("payments");
    let settled = store.settle_within(&mut transaction, &domain, settlement).await?;
    assert_eq!(settled, Settled::Recorded);
    Ok(transaction.commit().await?)
}

pub(super) async fn completing_in_a_transaction(world: &World) -> Act {
    batch_with_callback(world, 1).await;
    let settlement = Settlement { token: world.delivery().await.token, verdict: complete_with(json!(7)) };
    act!([settlement], |store| settle_within(&store, &settlement))
}

pub(super) async fn failing(world: &World) -> Act {
    batch_with_callback(world, 1).await;
    settling_all(world, fail).await
}

pub(super) async fn parking(world: &World) -> Act {
    batch_with_callback(world, 1).await;
    settling_all(world, park).await
}

pub(super) async fn parking_a_step(world: &World) -> Act {
    world.process_batch_of(1).await;
    settling_all(world, park).await
}

pub(super) async fn retrying(world: &World) -> Act {
    world.send(debit(1)).await;
    settling_all(world, retry).await
}

pub(super) async fn giving_back(world: &World) -> Act {
    world.send(debit(1)).await;
    settling_all(world, give_back).await
}

pub(super) async fn parking_what_cannot_be_stored(world: &World) -> Act {
    world.batch_of(1).await;
    let result = RawValue::from_string(r#""\u0000""#.to_owned()).unwrap();
    settling_all(world, || Verdict::Complete { result: Some(result.clone()), keep: true }).await
}

pub(super) async fn settling_a_mixed_group(world: &World) -> Act {
    batch_with_callback(world, 5).await;
    world.start(transfer(&["debit"])).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    let verdicts = [complete(), fail(), park(), retry(), give_back(), complete()];
    settling(world, tokens.into_iter().zip(verdicts).collect())
}

pub(super) async fn folding_the_end_of_a_batch(world: &World) -> Act {
    batch_with_callback(world, 1).await;
    let settlement = Settlement { token: world.delivery().await.token, verdict: complete() };
    settle_within(world.store.as_postgres().unwrap(), &settlement).await.unwrap();
    let domain = world.domain.clone();
    act!([domain], |store| store.fold_batches(&domain))
}

pub(super) async fn renewing(world: &World) -> Act {
    world.send(debit(1)).await;
    world.send(debit(2)).await;
    let (domain, tokens) = (world.domain.clone(), world.deliveries().await);
    let tokens: Vec<_> = tokens.iter().map(|delivery| delivery.token).collect();
    act!([domain, tokens], |store| store.renew(&domain, &tokens, LEASE))
}
