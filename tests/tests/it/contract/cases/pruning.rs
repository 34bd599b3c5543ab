use chrono::{DateTime, Utc};
use commandbus::{
    message::{BatchStatus, CommandStatus, ProcessStatus},
    store::{
        CommandFilter, NewOperation, OperationId, OperationVerb, Page, ParkedFilter, Prunable, PruneChunk, Pruned,
        StrayReplyReason,
    },
};
use serde_json::json;

use crate::contract::{
    verdicts::{again, complete, complete_with, edited, fail, park},
    world::{
        LEASE, World, debit, operator,
        process::{TRANSFERS, parked_as},
    },
};

const CHUNK: u32 = 1000;

/// Prunes, or counts, everything, in chunks of that many rows.
async fn prune_in(world: &World, before: DateTime<Utc>, limit: u32, dry_run: bool) -> Pruned {
    let mut total = Pruned::default();
    for &what in Prunable::ALL {
        let mut chunk = PruneChunk { what, before, after: None, limit, dry_run };
        loop {
            let (pruned, next) = world.store.admin().prune(&chunk).await.unwrap();
            total += pruned;
            let Some(next) = next else { break };
            chunk.after = Some(next);
        }
    }
    total
}

/// Prunes everything that has ended until now, after a dry run that must have said the same.
async fn prune(world: &World) -> Pruned {
    let before = world.store.now().await.unwrap();
    let counted = prune_in(world, before, CHUNK, true).await;
    let pruned = prune_in(world, before, CHUNK, false).await;
    assert_eq!(counted, pruned, "the dry run counts what goes");
    assert!(prune_in(world, before, CHUNK, false).await.is_nothing());
    pruned
}

async fn commands(world: &World) -> Vec<commandbus::message::CommandId> {
    let found = world.store.commands(&CommandFilter::default(), Page::first(1000)).await.unwrap();
    found.iter().map(|command| command.command_id).collect()
}

/// Completes the first of several commands that wait.
async fn complete_one(world: &World) {
    let received = world.store.receive(&world.domain, 1, LEASE).await.unwrap();
    world.settle(received.deliveries[0].token, complete()).await;
}

pub(crate) async fn what_ended_goes_with_all_that_is_kept_of_it(world: &World) {
    let done = world.sent_and_run(complete_with(json!(1))).await;
    let refused = world.sent_and_run(fail()).await;
    let canceled = world.send(debit(1)).await;
    world.store.cancel(&world.domain, &[canceled], "ada", "a mistake").await.unwrap();

    let pruned = prune(world).await;

    assert_eq!((pruned.commands, pruned.audit_events), (3, 8));
    assert_eq!(pruned.archived_messages, 2, "of what failed, and of what was canceled");
    assert!(commands(world).await.is_empty() && world.archived().await.is_empty());
    for id in [done, refused, canceled] {
        assert!(world.events(id).await.is_empty() && world.reply(id).await.is_none());
    }
}

pub(crate) async fn operations_that_are_over_go_in_chunks(world: &World) {
    for _ in 0..2 {
        world.sent_and_run(park()).await;
    }
    let begin = async |filter: ParkedFilter| {
        let new = NewOperation {
            operation_id: OperationId::new(),
            verb: OperationVerb::Retry,
            filter,
            operator: "ada".into(),
            reason: None,
            result: None,
        };
        world.store.admin().begin_operation(&new).await.unwrap().operation_id
    };
    let running = begin(ParkedFilter::default()).await;
    for _ in 0..3 {
        // It finds nothing, so it is over at once.
        begin(ParkedFilter::default().with_code("NOTHING_OF_THE_KIND")).await;
    }
    let before = world.store.now().await.unwrap();
    assert_eq!(prune_in(world, before, 1, true).await.operations, 3);
    assert_eq!(prune_in(world, before, 1, false).await.operations, 3);
    let left = world.store.admin().operations(Page::first(50)).await.unwrap().items;
    assert_eq!(left.iter().map(|operation| operation.operation_id).collect::<Vec<_>>(), [running]);
}

pub(crate) async fn what_ended_later_or_not_at_all_stays(world: &World) {
    let waiting = world.send(debit(1)).await;
    let running = world.delivery().await.token;
    let parked = world.sent_and_run(park()).await;
    let then = world.store.now().await.unwrap();
    let done = world.sent_and_run(complete_with(json!(1))).await;

    assert!(prune_in(world, then, CHUNK, false).await.is_nothing());
    assert_eq!(prune(world).await.commands, 1);

    assert_eq!(commands(world).await, [parked, waiting]);
    assert!(world.events(done).await.is_empty());
    world.settle(running, complete()).await;
    assert_eq!(world.status(waiting).await, CommandStatus::Completed);
}

pub(crate) async fn what_is_parked_can_be_retried_afterwards(world: &World) {
    let parked = world.sent_and_run(park()).await;
    world.resolve(parked, again()).await;
    world.run(park()).await;

    let pruned = prune(world).await;

    assert_eq!(pruned.archived_messages, 1, "the one that was sent again before");
    world.resolve(parked, again()).await;
    assert_eq!(world.delivery().await.token.command_id, parked);
}

pub(crate) async fn a_payload_from_before_an_edit_goes_with_its_command(world: &World) {
    let id = world.sent_and_run(park()).await;
    world.resolve(id, edited(json!({ "cents": 5 }))).await;
    world.run(complete()).await;
    assert!(world.harness.payload_before_edit(&world.domain, id).await.is_some());
    assert_eq!(prune(world).await.commands, 1);
    assert!(world.harness.payload_before_edit(&world.domain, id).await.is_none());
}

pub(crate) async fn members_stay_until_their_batch_has_ended(world: &World) {
    let (batch, members) = world.batch_of(3).await;
    complete_one(world).await;
    assert!(prune(world).await.is_nothing());
    assert_eq!(commands(world).await.len(), 3);

    world.store.cancel(&world.domain, &members[1..], "ada", "enough").await.unwrap();
    assert_eq!(world.counts(batch).await.0, BatchStatus::CompletedWithFailures);
    let pruned = prune(world).await;
    assert_eq!((pruned.commands, pruned.batches), (3, 1));
    assert!(world.store.batches(&world.domain, &[batch]).await.unwrap().is_empty());
    assert!(world.events(batch).await.is_empty());
}

pub(crate) async fn a_batch_stays_as_long_as_it_is_younger(world: &World) {
    let (batch, _) = world.batch_of(2).await;
    complete_one(world).await;
    let then = world.store.now().await.unwrap();
    complete_one(world).await;
    assert!(prune_in(world, then, CHUNK, false).await.is_nothing(), "its first member ended before");
    assert_eq!(world.counts(batch).await, (BatchStatus::Completed, [2, 0, 0, 0]));
}

pub(crate) async fn processes_go_with_their_timelines(world: &World) {
    let (batch, ids) = world.process_batch_of(2).await;
    let left = world.started().await;
    world.end_all(&[(ids[0], ProcessStatus::Completed), (ids[1], ProcessStatus::Failed)]).await;

    let pruned = prune(world).await;

    assert_eq!((pruned.processes, pruned.process_steps, pruned.batches), (2, 2, 1));
    assert_eq!(pruned.commands, 2, "the reply to the third has not been taken in");
    assert!(world.processes().find(&TRANSFERS, ids[0]).await.unwrap().is_none());
    assert!(world.sent_steps(ids[0]).await.is_empty());
    assert!(world.store.batches(&TRANSFERS, &[batch]).await.unwrap().is_empty());
    assert_eq!(world.sent_steps(left).await.len(), 1);
}

pub(crate) async fn records_about_replies_go_when_nobody_waits_for_them(world: &World) {
    let strayed = world.started().await;
    world.run(complete()).await;
    let reply = world.process_reply().await.msg_id;
    world.set_aside(reply, strayed, commandbus::store::ReplyFate::Stray(StrayReplyReason::Late)).await;
    let (retried, waits) = (world.started().await, world.started().await);
    world.run_all(complete).await;
    for reply in world.process_replies().await {
        let id = if reply.body.get().contains(&retried.to_string()) { retried } else { waits };
        world.set_aside(reply.msg_id, id, parked_as("UNDECODABLE")).await;
    }
    let parked = world.parked_replies().await;
    let id = parked.iter().find(|reply| reply.process_id == Some(retried)).unwrap().parked_reply_id;
    world.processes().retry_replies(&TRANSFERS, &[id], None, "ada", None).await.unwrap();
    let mut lost = debit(1);
    lost.reply_to = Some("nowhere".into());
    world.send(lost).await;
    world.run(complete()).await;
    assert_eq!(world.harness.undelivered_replies().await.len(), 1);

    let pruned = prune(world).await;

    assert_eq!((pruned.stray_replies, pruned.parked_replies, pruned.undelivered_replies), (1, 1, 1));
    assert!(world.processes().stray_replies(&TRANSFERS, strayed).await.unwrap().is_empty());
    assert_eq!(world.parked_replies().await.len(), 1, "an operator has yet to resolve it");
    assert_eq!(pruned.archived_messages, 3);
}

pub(crate) async fn small_chunks_prune_as_much_as_large_ones(world: &World) {
    for _ in 0..3 {
        world.batch_of(3).await;
        world.run_all(fail).await;
        world.started().await;
        world.run_all(complete).await;
    }
    let parked = world.sent_and_run(park()).await;
    world.store.resolve(&world.domain, &[operator(parked, again())]).await.unwrap();
    let before = world.store.now().await.unwrap();
    let large = prune_in(world, before, CHUNK, true).await;
    assert_eq!((large.commands, large.batches), (9, 3));

    assert_eq!(prune_in(world, before, 2, true).await, large);
    assert_eq!(prune_in(world, before, 2, false).await, large);
    assert_eq!(world.status(parked).await, CommandStatus::Pending);
}
