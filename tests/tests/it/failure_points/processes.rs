//! The transitions of processes.

use std::time::Duration;

use commandbus::{
    message::{BatchId, Domain, ProcessId, ProcessStatus},
    store::{
        NewBatch, NewProcess, ProcessMove, ProcessStore, ReplyAside, ReplyFate, Store, StrayReplyReason,
        postgres::PostgresStore,
    },
};

use super::transitions::{Act, act};
use crate::contract::{
    verdicts::complete,
    world::{
        LEASE, World, debit,
        process::{TRANSFERS, answer, parked_as, step, transfer, transfer_within},
    },
};

type Failed = commandbus::error::StoreError;

fn start(processes: Vec<NewProcess>, batch: Option<BatchId>) -> Act {
    act!([processes], |store| ProcessStore::start(&*store, &TRANSFERS, &processes, batch))
}

pub(super) async fn starting(_: &World) -> Act {
    let mut limited = transfer_within(LEASE);
    limited.deadline = Some(LEASE * 10);
    start(vec![transfer(&["debit", "credit"]), limited], None)
}

/// One more than it has room for.
pub(super) async fn starting_in_a_batch(world: &World) -> Act {
    let batch = world.process_batch_for(1).await;
    start(vec![transfer(&["debit"]), transfer(&["debit"])], Some(batch))
}

pub(super) async fn creating_a_batch_to_fill(world: &World) -> Act {
    let batch = world.new_process_batch();
    act!([batch], |store| store.create_batch(batch, 2))
}

async fn fill(store: &PostgresStore, batch: NewBatch, processes: &[NewProcess]) -> Result<(), Failed> {
    let mut writer = store.begin_batch(batch).await?;
    writer.add_processes(processes).await?;
    writer.finish().await?.expect("there is no duplicate");
    Ok(())
}

pub(super) async fn filling_a_batch(world: &World) -> Act {
    let batch = NewBatch { then: Some((world.domain.clone(), debit(0))), ..world.new_process_batch() };
    let processes = vec![transfer(&["debit"]), transfer(&["debit"])];
    act!([batch, processes], |store| fill(&store, batch, &processes))
}

pub(super) async fn receiving_replies(world: &World) -> Act {
    world.started().await;
    world.run(complete()).await;
    act!([], |store| store.receive_replies(&TRANSFERS, 10, LEASE))
}

fn advance(one: ProcessMove) -> Act {
    act!([one], |store| ProcessStore::advance(&*store, &TRANSFERS, std::slice::from_ref(&one)))
}

pub(super) async fn advancing(world: &World) -> Act {
    let id = world.started().await;
    world.run(complete()).await;
    let answers = vec![answer(&world.process_reply().await)];
    let mut elsewhere = step(id, "book", 2);
    elsewhere.domain = Domain::from_static("ledger");
    world.store.ensure_queues(&elsewhere.domain, &[]).await.unwrap();
    let steps = vec![step(id, "credit", 2), elsewhere];
    advance(ProcessMove { answers, steps, ..world.move_to(id, ProcessStatus::WaitingForReply).await })
}

pub(super) async fn advancing_the_last_of_a_batch(world: &World) -> Act {
    let batch = NewBatch { then: Some((world.domain.clone(), debit(0))), ..world.new_process_batch() };
    let process = transfer(&["debit"]);
    let id = process.process_id;
    world.fill(batch, &[process]).await.unwrap();
    world.run(complete()).await;
    let answers = vec![answer(&world.process_reply().await)];
    advance(ProcessMove { answers, ..world.move_to(id, ProcessStatus::Completed).await })
}

async fn setting_aside(world: &World, fate: ReplyFate) -> Act {
    let (_, ids) = world.process_batch_of(1).await;
    let command_id = world.step_commands(ids[0]).await.pop();
    world.run(complete()).await;
    let msg_id = world.process_reply().await.msg_id;
    let aside = ReplyAside { msg_id, process_id: Some(ids[0]), command_id, fate };
    act!([aside], |store| store.set_aside(&TRANSFERS, std::slice::from_ref(&aside)))
}

pub(super) async fn recording_a_stray(world: &World) -> Act {
    setting_aside(world, ReplyFate::Stray(StrayReplyReason::Foreign)).await
}

pub(super) async fn putting_off_a_reply(world: &World) -> Act {
    setting_aside(world, ReplyFate::Later(LEASE)).await
}

pub(super) async fn parking_a_reply(world: &World) -> Act {
    setting_aside(world, parked_as("UNDECODABLE")).await
}

pub(super) async fn retrying_a_reply(world: &World) -> Act {
    let (_, ids) = world.process_batch_of(1).await;
    let parked = world.reply_parked(ids[0]).await.parked_reply_id;
    act!([], |store| store.retry_replies(&TRANSFERS, &[parked], None, "ada", None))
}

pub(super) async fn postponing(world: &World) -> Act {
    let process = transfer_within(LEASE);
    let ids: Vec<ProcessId> = vec![world.start(process).await];
    world.pass_time(LEASE * 2).await;
    act!([ids], |store| store.postpone(&TRANSFERS, &ids, Duration::from_secs(60)))
}
