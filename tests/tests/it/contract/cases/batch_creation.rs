use commandbus::{
    error::StoreError,
    message::{BatchId, BatchStatus, BatchType},
};
use serde_json::json;

use crate::contract::world::{World, debit};

pub(crate) async fn a_batch_is_created_with_all_its_commands(world: &World) {
    let (batch, commands) = (world.new_batch(), [debit(1), debit(2), debit(3)]);
    let batch_id = batch.batch_id;
    assert_eq!(world.create(batch, &commands).await, Ok(3));
    let row = world.batch(batch_id).await;
    assert_eq!((row.status, row.batch_type, row.total_count), (BatchStatus::Pending, BatchType::Command, 3));
    assert_eq!(world.counts(batch_id).await.1, [0; 4]);
    assert_eq!((row.started_at, row.completed_at, row.paused_at), (None, None, None));
    for command in &commands {
        let id = command.command_id;
        assert_eq!(world.command(id).await.batch_id, Some(batch_id));
        let audit = world.audit(id).await;
        assert_eq!(audit.len(), 1);
        assert_eq!((&*audit[0].event, &audit[0].details["batch_id"]), ("SENT", &json!(batch_id)));
    }
    assert_eq!(world.waiting().await.len(), 3);
    assert!(world.events(batch_id).await.is_empty());
    assert!(world.deliveries().await.iter().all(|delivery| delivery.batch_id == Some(batch_id)));
}

pub(crate) async fn name_and_custom_data_are_kept(world: &World) {
    let mut batch = world.new_batch();
    let batch_id = batch.batch_id;
    batch.name = Some("Import job 12345".into());
    batch.custom_data = Some(json!({ "source": "csv", "file_id": "abc123" }));
    world.create(batch, &[debit(1)]).await.unwrap();
    let row = world.batch(batch_id).await;
    assert_eq!(row.name.as_deref(), Some("Import job 12345"));
    assert_eq!(row.custom_data, Some(json!({ "source": "csv", "file_id": "abc123" })));
}

pub(crate) async fn commands_may_come_in_chunks(world: &World) {
    let batch = world.new_batch();
    let batch_id = batch.batch_id;
    let mut writer = world.store.begin_batch(batch).await.unwrap();
    for chunk in 0..4 {
        writer.add(&[debit(chunk), debit(chunk)]).await.unwrap();
    }
    writer.add(&[]).await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), Ok(8));
    assert_eq!(world.batch(batch_id).await.total_count, 8);
    assert_eq!(world.deliveries().await.len(), 8);
}

/// Nothing of a batch is there.
async fn was_never_created(world: &World, batch: BatchId) {
    assert!(world.store.batches(&world.domain, &[batch]).await.unwrap().is_empty());
    assert!(world.events(batch).await.is_empty());
}

pub(crate) async fn an_empty_batch_is_refused(world: &World) {
    let batch = world.new_batch();
    let batch_id = batch.batch_id;
    let refused = world.store.begin_batch(batch).await.unwrap().finish().await.unwrap_err();
    assert_eq!(refused.to_string(), "Batch must contain at least one command");
    was_never_created(world, batch_id).await;
}

pub(crate) async fn an_id_that_comes_twice_refuses_the_batch(world: &World) {
    let (batch, twice, once) = (world.new_batch(), debit(1), debit(2));
    let batch_id = batch.batch_id;
    let refused = world.create(batch, &[twice.clone(), once.clone(), twice.clone()]).await;
    assert_eq!(refused, Err(vec![twice.command_id]));
    was_never_created(world, batch_id).await;
    assert_eq!(world.store.command(&world.domain, once.command_id).await.unwrap(), None);
    assert!(world.waiting().await.is_empty());
    assert!(world.events(once.command_id).await.is_empty());
}

pub(crate) async fn an_id_that_comes_twice_in_different_chunks_refuses_the_batch(world: &World) {
    let (batch, twice) = (world.new_batch(), debit(1));
    let batch_id = batch.batch_id;
    let mut writer = world.store.begin_batch(batch).await.unwrap();
    for chunk in [[debit(2), twice.clone()], [twice.clone(), debit(3)], [twice.clone(), debit(4)]] {
        writer.add(&chunk).await.unwrap();
    }
    assert_eq!(
        writer.finish().await.unwrap().map_err(|duplicates| duplicates.commands),
        Err(vec![twice.command_id]),
        "named once"
    );
    was_never_created(world, batch_id).await;
    assert!(world.waiting().await.is_empty());
}

pub(crate) async fn an_id_that_exists_refuses_the_batch(world: &World) {
    let known = world.send(debit(1)).await;
    let (batch, mut against, new) = (world.new_batch(), debit(2), debit(3));
    let batch_id = batch.batch_id;
    against.command_id = known;
    assert_eq!(world.create(batch, &[new.clone(), against]).await, Err(vec![known]));
    was_never_created(world, batch_id).await;
    assert_eq!(world.store.command(&world.domain, new.command_id).await.unwrap(), None);
    let row = world.command(known).await;
    assert_eq!(row.batch_id, None);
    assert_eq!(world.waiting().await.len(), 1);
}

pub(crate) async fn a_batch_id_that_exists_is_refused_by_name(world: &World) {
    let (existing, _) = world.batch_of(1).await;
    let mut batch = world.new_batch();
    batch.batch_id = existing;
    let command = debit(1);
    let refused = async {
        let mut writer = world.store.begin_batch(batch).await?;
        writer.add(std::slice::from_ref(&command)).await?;
        writer.finish().await
    };
    let Err(StoreError::Data { code, message }) = refused.await else { panic!("refused") };
    assert_eq!(code, "23505");
    assert!(message.contains(&existing.to_string()), "{message}");
    assert_eq!(world.batch(existing).await.total_count, 1);
    assert_eq!(world.store.command(&world.domain, command.command_id).await.unwrap(), None);
}

pub(crate) async fn a_batch_dropped_before_its_end_leaves_nothing(world: &World) {
    let (batch, command) = (world.new_batch(), debit(1));
    let batch_id = batch.batch_id;
    let mut writer = world.store.begin_batch(batch).await.unwrap();
    writer.add(std::slice::from_ref(&command)).await.unwrap();
    drop(writer);
    was_never_created(world, batch_id).await;
    assert_eq!(world.store.command(&world.domain, command.command_id).await.unwrap(), None);
    assert!(world.deliveries().await.is_empty());
    world.send(command).await;
}

pub(crate) async fn unknown_batches_are_left_out(world: &World) {
    let (known, _) = world.batch_of(1).await;
    let found = world.store.batches(&world.domain, &[BatchId::new(), known]).await.unwrap();
    assert_eq!(found.iter().map(|batch| batch.batch_id).collect::<Vec<_>>(), [known]);
}
