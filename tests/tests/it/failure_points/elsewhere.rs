//! Queues, workers, and what is removed.

use std::time::Duration;

use commandbus::{
    message::Domain,
    store::{AdminStore, NewCommand, OperationVerb, Prunable, PruneChunk, ReplyFate, StrayReplyReason, WorkerBeat},
};
use uuid::Uuid;

use super::{
    outside::operation,
    transitions::{Act, act},
};
use crate::contract::{
    verdicts::{complete, complete_with, fail},
    world::{
        World, debit,
        process::{TRANSFERS, transfer},
    },
};
use commandbus::message::ProcessStatus;
use serde_json::json;

pub(super) async fn making_a_queue(_: &World) -> Act {
    act!([], |store| async move {
        // One by one: each is a transition of its own, and the store knows what it has made.
        sqlx::query("select commandbus.ensure_queue('ledger__commands')").execute(store.pool()).await
    })
}

fn beat() -> WorkerBeat {
    WorkerBeat {
        worker_id: Uuid::now_v7(),
        domain: Domain::from_static("payments"),
        host: "here".into(),
        pid: 17,
        version: "0",
        concurrency: 1,
        phase: "RUNNING",
        running: 0,
        in_hand: 0,
    }
}

pub(super) async fn a_worker_says_that_it_lives(_: &World) -> Act {
    let beat = beat();
    act!([beat], |store| store.beat(&beat))
}

pub(super) async fn a_worker_leaves(world: &World) -> Act {
    let beat = beat();
    world.store.admin().beat(&beat).await.unwrap();
    let id = beat.worker_id;
    act!([], |store| store.leave(id))
}

/// A batch that has ended, a process that has, replies of every kind.
async fn pruning(world: &World, what: Prunable) -> Act {
    world.batch_of(2).await;
    world.send(NewCommand { reply_to: Some("nowhere".into()), ..debit(1) }).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    let verdicts = [complete_with(json!(7)), fail(), complete()];
    world.settle_all(tokens.into_iter().zip(verdicts)).await;
    let id = world.start(transfer(&["debit"])).await;
    let parked = world.reply_parked(id).await.parked_reply_id;
    let retried = world.processes().retry_replies(&TRANSFERS, &[parked], None, "ada", None).await.unwrap();
    assert_eq!(retried, [true]);
    world.take_in(id, ProcessStatus::Completed, Vec::new()).await;
    let stray = world.harness.put(&TRANSFERS.process_replies_queue(), json!({ "says": "nothing" })).await;
    world.process_replies().await;
    world.set_aside(stray, id, ReplyFate::Stray(StrayReplyReason::Malformed)).await;
    for members in [Prunable::Processes, Prunable::Commands] {
        if what == Prunable::Batches {
            world.store.admin().prune(&chunk(world, members).await).await.unwrap();
        }
    }
    let mut chunk = chunk(world, what).await;
    if what == Prunable::Archives {
        // The first queue with something in its archive.
        chunk.after = Some("payments__commands".into());
    }
    act!([chunk], |store| store.prune(&chunk))
}

async fn chunk(world: &World, what: Prunable) -> PruneChunk {
    let before = world.store.now().await.unwrap() + Duration::from_secs(60);
    PruneChunk { what, before, after: None, limit: 100, dry_run: false }
}

pub(super) async fn pruning_results(world: &World) -> Act {
    pruning(world, Prunable::Results).await
}

pub(super) async fn pruning_commands(world: &World) -> Act {
    pruning(world, Prunable::Commands).await
}

pub(super) async fn pruning_processes(world: &World) -> Act {
    pruning(world, Prunable::Processes).await
}

pub(super) async fn pruning_batches(world: &World) -> Act {
    pruning(world, Prunable::Batches).await
}

pub(super) async fn pruning_archives(world: &World) -> Act {
    pruning(world, Prunable::Archives).await
}

pub(super) async fn pruning_stray_replies(world: &World) -> Act {
    pruning(world, Prunable::StrayReplies).await
}

pub(super) async fn pruning_parked_replies(world: &World) -> Act {
    pruning(world, Prunable::ParkedReplies).await
}

pub(super) async fn pruning_operations(world: &World) -> Act {
    let operation = operation(OperationVerb::Retry);
    world.store.admin().begin_operation(&operation).await.unwrap();
    assert!(world.store.admin().cancel_operation(operation.operation_id).await.unwrap().is_some());
    let chunk = chunk(world, Prunable::Operations).await;
    act!([chunk], |store| store.prune(&chunk))
}

pub(super) async fn pruning_undelivered_replies(world: &World) -> Act {
    pruning(world, Prunable::UndeliveredReplies).await
}
