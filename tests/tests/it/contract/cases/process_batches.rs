use commandbus::{
    error::StoreError,
    message::{BatchId, BatchStatus, BatchType, ProcessStatus},
    store::{Acceptance, Duplicates, NewProcess, OperatorVerb, ProcessMove},
};
use serde_json::json;

use crate::contract::{
    verdicts::{again, complete, park},
    world::{
        LEASE, World, debit,
        process::{TRANSFERS, answer, parked_as, read_reply, transfer},
    },
};

use BatchStatus::{InProgress, Pending};

async fn ended_once(world: &World, batch: BatchId) {
    assert_eq!(world.process_batch_events(batch).await, ["BATCH_STARTED", "BATCH_COMPLETED"]);
}

pub(crate) async fn a_batch_is_created_with_all_its_processes(world: &World) {
    let mut batch = world.new_process_batch();
    batch.name = Some("Payroll".into());
    batch.custom_data = Some(json!({ "month": 11 }));
    let batch_id = batch.batch_id;
    let processes = [transfer(&["debit"]), transfer(&["debit", "credit"])];
    assert_eq!(world.fill(batch, &processes).await, Ok(2));
    let row = world.process_batch(batch_id).await;
    assert_eq!((row.batch_type, row.status, row.total_count), (BatchType::Process, InProgress, 2));
    assert_eq!((row.name.as_deref(), row.custom_data), (Some("Payroll"), Some(json!({ "month": 11 }))));
    assert!(row.started_at.is_some() && row.completed_at.is_none());
    assert_eq!(world.process_counts(batch_id).await.1, [0; 3]);
    assert_eq!(world.process_batch_events(batch_id).await, ["BATCH_STARTED"]);
    for process in &processes {
        assert_eq!(world.find(process.process_id).await.batch_id, Some(batch_id));
        assert_eq!(world.sent_steps(process.process_id).await.len(), process.steps.len());
    }
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries.len(), 3);
    assert!(deliveries.iter().all(|delivery| delivery.batch_id.is_none()), "its members are the processes");
}

pub(crate) async fn processes_may_come_in_chunks(world: &World) {
    let batch = world.new_process_batch();
    let batch_id = batch.batch_id;
    let mut writer = world.store.begin_batch(batch).await.unwrap();
    for _ in 0..3 {
        writer.add_processes(&[transfer(&["debit"]), transfer(&["debit"])]).await.unwrap();
    }
    writer.add_processes(&[]).await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), Ok(6));
    assert_eq!(world.process_batch(batch_id).await.total_count, 6);
    assert_eq!(world.deliveries().await.len(), 6);
}

/// Nothing of a batch is there.
async fn was_never_created(world: &World, batch: BatchId) {
    assert!(world.store.batches(&TRANSFERS, &[batch]).await.unwrap().is_empty());
    assert!(world.process_batch_events(batch).await.is_empty());
}

async fn never_started(world: &World, process: &NewProcess) {
    assert_eq!(world.processes().find(&TRANSFERS, process.process_id).await.unwrap(), None);
    for step in &process.steps {
        assert_eq!(world.store.command(&step.domain, step.command.command_id).await.unwrap(), None);
    }
}

pub(crate) async fn a_batch_dropped_before_its_end_leaves_nothing(world: &World) {
    let (batch, process) = (world.new_process_batch(), transfer(&["debit"]));
    let batch_id = batch.batch_id;
    let mut writer = world.store.begin_batch(batch).await.unwrap();
    writer.add_processes(std::slice::from_ref(&process)).await.unwrap();
    drop(writer);
    was_never_created(world, batch_id).await;
    never_started(world, &process).await;
    world.start(process).await;
}

pub(crate) async fn an_empty_batch_of_processes_is_refused(world: &World) {
    let batch = world.new_process_batch();
    let batch_id = batch.batch_id;
    let refused = world.store.begin_batch(batch).await.unwrap().finish().await.unwrap_err();
    assert_eq!(refused.to_string(), "Batch must contain at least one process");
    was_never_created(world, batch_id).await;
}

pub(crate) async fn a_process_that_comes_twice_refuses_the_batch(world: &World) {
    let (batch, once, twice) = (world.new_process_batch(), transfer(&["debit"]), transfer(&["debit"]));
    let batch_id = batch.batch_id;
    let copy = || NewProcess { process_id: twice.process_id, ..transfer(&["debit"]) };
    let mut writer = world.store.begin_batch(batch).await.unwrap();
    writer.add_processes(&[twice.clone(), once.clone(), copy()]).await.unwrap();
    writer.add_processes(&[copy()]).await.unwrap();
    let named = Duplicates { processes: vec![twice.process_id], commands: Vec::new() };
    assert_eq!(writer.finish().await.unwrap(), Err(named), "named once");
    was_never_created(world, batch_id).await;
    never_started(world, &once).await;
    never_started(world, &twice).await;
    assert!(world.waiting().await.is_empty());
}

pub(crate) async fn a_process_that_exists_refuses_the_batch(world: &World) {
    let known = world.started().await;
    let (batch, new) = (world.new_process_batch(), transfer(&["debit"]));
    let batch_id = batch.batch_id;
    let against = NewProcess { process_id: known, ..transfer(&["credit"]) };
    let refused = world.fill(batch, &[new.clone(), against]).await.unwrap_err();
    assert_eq!((refused.processes, refused.commands), (vec![known], Vec::new()));
    was_never_created(world, batch_id).await;
    never_started(world, &new).await;
    assert_eq!(world.find(known).await.batch_id, None);
    assert_eq!(world.sent_steps(known).await.len(), 1);
}

pub(crate) async fn a_taken_id_of_its_then_command_refuses_the_batch(world: &World) {
    let taken = world.send(debit(1)).await;
    let (mut batch, process, mut then) = (world.new_process_batch(), transfer(&["debit"]), debit(2));
    let batch_id = batch.batch_id;
    then.command_id = taken;
    batch.then = Some((world.domain.clone(), then));
    let refused = world.fill(batch, std::slice::from_ref(&process)).await.unwrap_err();
    assert_eq!((refused.commands, refused.processes), (vec![taken], Vec::new()));
    was_never_created(world, batch_id).await;
    never_started(world, &process).await;
}

pub(crate) async fn a_batch_may_be_created_before_its_processes(world: &World) {
    let batch = world.process_batch_for(2).await;
    let row = world.process_batch(batch).await;
    assert_eq!((row.batch_type, row.status, row.total_count), (BatchType::Process, Pending, 2));
    assert_eq!(row.started_at, None);
    assert!(world.process_batch_events(batch).await.is_empty());

    let first = world.start_in(batch, transfer(&["debit"])).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [0; 3]));
    assert!(world.process_batch(batch).await.started_at.is_some());
    world.end_all(&[(first, ProcessStatus::Completed)]).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [1, 0, 0]), "one is still to come");
    let second = world.start_in(batch, transfer(&["debit"])).await;
    assert_eq!(world.find(second).await.batch_id, Some(batch));
    world.end_all(&[(second, ProcessStatus::Completed)]).await;
    assert_eq!(world.process_counts(batch).await, (BatchStatus::Completed, [2, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn a_batch_id_that_exists_is_refused(world: &World) {
    let (existing, _) = world.process_batch_of(1).await;
    let mut batch = world.new_process_batch();
    batch.batch_id = existing;
    let Err(StoreError::Data { code, .. }) = world.processes().create_batch(batch, 5).await else { panic!("refused") };
    assert_eq!(code, "23505");
    assert_eq!(world.process_batch(existing).await.total_count, 1);
}

pub(crate) async fn a_start_beyond_the_total_is_not_counted(world: &World) {
    let batch = world.process_batch_for(2).await;
    let processes = [transfer(&["debit"]), transfer(&["debit"]), transfer(&["debit"])];
    assert_eq!(world.start_all(&processes, Some(batch)).await, [Acceptance::Sent; 3]);
    let [first, second, third] = processes.map(|process| process.process_id);
    let fourth = world.start_in(batch, transfer(&["debit"])).await;
    world.not_counted(third);
    world.not_counted(fourth);
    assert_eq!(world.find(fourth).await.batch_id, Some(batch));
    world.run_all(complete).await;
    let replies = world.process_replies().await;
    assert_eq!(replies.len(), 4);
    for (end, counts) in [
        ((third, ProcessStatus::Canceled), (InProgress, [0, 0, 0])),
        ((first, ProcessStatus::Completed), (InProgress, [1, 0, 0])),
        ((fourth, ProcessStatus::Completed), (InProgress, [1, 0, 0])),
        ((second, ProcessStatus::Completed), (BatchStatus::Completed, [2, 0, 0])),
    ] {
        world.pass_time(LEASE).await;
        world.take_in(end.0, end.1, Vec::new()).await;
        assert_eq!(world.process_counts(batch).await, counts);
    }
    ended_once(world, batch).await;
}

pub(crate) async fn a_start_after_the_end_is_not_counted(world: &World) {
    let (batch, ids) = world.process_batch_of(1).await;
    world.end_all(&[(ids[0], ProcessStatus::Completed)]).await;
    let late = world.start_in(batch, transfer(&["debit"])).await;
    world.not_counted(late);
    world.run(park()).await;
    assert_eq!(world.process_counts(batch).await, (BatchStatus::Completed, [1, 0, 0]));
    assert_eq!(world.standing(late).await.1, 1, "it is blocked all the same");
    ended_once(world, batch).await;
}

pub(crate) async fn a_start_in_an_unknown_batch_is_not_counted(world: &World) {
    let unknown = BatchId::new();
    let id = world.start_in(unknown, transfer(&["debit"])).await;
    assert_eq!(world.find(id).await.batch_id, Some(unknown));
    world.end_all(&[(id, ProcessStatus::Completed)]).await;
    assert!(world.store.batches(&TRANSFERS, &[unknown]).await.unwrap().is_empty());

    // Nor does it take part in a batch that is created by that id afterwards.
    let mut batch = world.new_process_batch();
    batch.batch_id = unknown;
    let later = world.start_in(unknown, transfer(&["debit"])).await;
    world.processes().create_batch(batch, 1).await.unwrap();
    world.end_all(&[(later, ProcessStatus::Completed)]).await;
    let row = world.process_batch(unknown).await;
    assert_eq!((row.status, row.completed_count), (Pending, 0));
}

pub(crate) async fn a_start_in_a_batch_of_commands_is_not_counted(world: &World) {
    let mut batch = world.new_process_batch();
    let batch_id = batch.batch_id;
    batch.batch_type = BatchType::Command;
    assert_eq!(world.create(batch, &[debit(1), debit(2)]).await, Ok(2));
    let id = world.start_in(batch_id, transfer(&["debit"])).await;
    world.not_counted(id);
    world.run(park()).await;
    assert_eq!(world.process_counts(batch_id).await, (Pending, [0; 3]));
    world.resolve(world.step_commands(id).await[0], again()).await;
    world.end_all(&[(id, ProcessStatus::Completed)]).await;
    assert_eq!(world.process_counts(batch_id).await, (Pending, [0; 3]));
}

pub(crate) async fn a_duplicate_takes_no_place(world: &World) {
    let batch = world.process_batch_for(2).await;
    let first = transfer(&["debit"]);
    let again = NewProcess { process_id: first.process_id, ..transfer(&["debit"]) };
    let second = transfer(&["debit"]);
    let answers = world.start_all(&[first.clone(), again, second.clone()], Some(batch)).await;
    assert_eq!(answers, [Acceptance::Sent, Acceptance::Duplicate, Acceptance::Sent]);
    let ends = [first, second].map(|process| (process.process_id, ProcessStatus::Completed));
    world.end_all(&ends).await;
    assert_eq!(world.process_counts(batch).await, (BatchStatus::Completed, [2, 0, 0]));
}

pub(crate) async fn each_end_is_counted(world: &World) {
    use ProcessStatus::{Canceled, Compensated, Completed, Failed};
    let (batch, ids) = world.process_batch_of(4).await;
    world.run_all(complete).await;
    for (id, status, counts) in [
        (ids[0], Completed, (InProgress, [1, 0, 0])),
        (ids[1], Compensated, (InProgress, [2, 0, 0])),
        (ids[2], Failed, (InProgress, [2, 1, 0])),
        (ids[3], Canceled, (BatchStatus::CompletedWithFailures, [2, 2, 0])),
    ] {
        world.take_in(id, status, Vec::new()).await;
        assert_eq!(world.process_counts(batch).await, counts);
        world.pass_time(LEASE).await;
    }
    ended_once(world, batch).await;
    let audit = world.store.audit(&TRANSFERS, batch.as_uuid()).await.unwrap();
    let details = json!({
        "batch_id": batch,
        "status": "COMPLETED_WITH_FAILURES",
        "total_count": 4,
        "completed_count": 2,
        "failed_count": 0,
        "canceled_count": 2,
    });
    assert_eq!(audit[1].details, details);
    assert_eq!(audit[0].details, json!({ "batch_id": batch, "status": "IN_PROGRESS", "total_count": 4 }));
}

pub(crate) async fn processes_that_chose_to_be_taken_back_complete_their_batch(world: &World) {
    let (batch, ids) = world.process_batch_of(2).await;
    world.end_all(&ids.iter().map(|id| (*id, ProcessStatus::Compensated)).collect::<Vec<_>>()).await;
    assert_eq!(world.process_counts(batch).await, (BatchStatus::Completed, [2, 0, 0]));
}

pub(crate) async fn one_group_of_moves_may_end_several_batches(world: &World) {
    let (first, of_first) = world.process_batch_of(2).await;
    let (second, of_second) = world.process_batch_of(1).await;
    let ends: Vec<_> = of_first.iter().chain(&of_second).map(|id| (*id, ProcessStatus::Completed)).collect();
    world.end_all(&ends).await;
    assert_eq!(world.process_counts(first).await, (BatchStatus::Completed, [2, 0, 0]));
    assert_eq!(world.process_counts(second).await, (BatchStatus::Completed, [1, 0, 0]));
    ended_once(world, first).await;
    ended_once(world, second).await;
}

pub(crate) async fn many_routers_at_once_end_it_once(world: &World) {
    let (batch, ids) = world.process_batch_of(12).await;
    world.run_all(complete).await;
    let replies = world.process_replies().await;
    let mut moves = Vec::new();
    for id in ids {
        let own = replies.iter().filter(|reply| read_reply(reply).correlation_id == Some(id.as_uuid()));
        let answers = own.map(answer).collect();
        moves.push(ProcessMove { answers, ..world.move_to(id, ProcessStatus::Completed).await });
    }
    tokio::join!(
        world.advance_all(&moves[..4]),
        world.advance_all(&moves[4..8]),
        world.advance_all(&moves[8..]),
        world.advance_all(&moves[2..10]),
    );
    assert_eq!(world.process_counts(batch).await, (BatchStatus::Completed, [12, 0, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn a_stale_move_does_not_count(world: &World) {
    let (batch, ids) = world.process_batch_of(2).await;
    world.run_all(complete).await;
    let one = world.move_to(ids[0], ProcessStatus::Completed).await;
    world.take_in(ids[0], ProcessStatus::Completed, Vec::new()).await;
    for _ in 0..3 {
        world.advance(one.clone()).await;
    }
    assert_eq!(world.process_counts(batch).await, (InProgress, [1, 0, 0]));
}

pub(crate) async fn a_blocked_process_is_counted_once(world: &World) {
    let batch = world.process_batch_for(2).await;
    let id = world.start_in(batch, transfer(&["debit", "credit"])).await;
    world.run_all(park).await;
    assert_eq!(world.standing(id).await.1, 2);
    assert_eq!(world.process_counts(batch).await, (InProgress, [0, 0, 1]));
    let commands = world.step_commands(id).await;
    world.resolve(commands[0], again()).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [0, 0, 1]));
    world.resolve(commands[1], OperatorVerb::Cancel).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [0, 0, 0]));
    world.run(park()).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [0, 0, 1]));
}

pub(crate) async fn a_process_blocked_by_a_reply_is_counted(world: &World) {
    let (batch, ids) = world.process_batch_of(1).await;
    let parked = world.reply_parked(ids[0]).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [0, 0, 1]));
    let replies = [parked.parked_reply_id];
    world.processes().retry_replies(&TRANSFERS, &replies, None, "ada", None).await.unwrap();
    assert_eq!(world.process_counts(batch).await, (InProgress, [0, 0, 0]));
    world.take_in(ids[0], ProcessStatus::Completed, Vec::new()).await;
    assert_eq!(world.process_counts(batch).await, (BatchStatus::Completed, [1, 0, 0]));
}

pub(crate) async fn a_process_that_ends_blocked_is_blocked_no_more(world: &World) {
    let (batch, ids) = world.process_batch_of(1).await;
    world.run(complete()).await;
    let reply = world.process_reply().await;
    let copy = world.harness.put(&TRANSFERS.process_replies_queue(), json!("a copy")).await;
    world.set_aside(copy, ids[0], parked_as("UNDECODABLE")).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [0, 0, 1]));
    let answers = vec![answer(&reply)];
    let one = ProcessMove { answers, ..world.move_to(ids[0], ProcessStatus::Canceled).await };
    world.advance(one).await;
    assert_eq!(world.process_counts(batch).await, (BatchStatus::CompletedWithFailures, [0, 1, 0]));
    ended_once(world, batch).await;
}

pub(crate) async fn its_then_command_is_sent_once_when_it_ends(world: &World) {
    for total in [None, Some(2)] {
        let (mut batch, then) = (world.new_process_batch(), debit(0));
        let (batch_id, then_id) = (batch.batch_id, then.command_id);
        batch.then = Some((world.domain.clone(), then));
        let processes = [transfer(&["debit"]), transfer(&["debit"])];
        if let Some(total) = total {
            world.processes().create_batch(batch, total).await.unwrap();
            world.start_all(&processes, Some(batch_id)).await;
        } else {
            assert_eq!(world.fill(batch, &processes).await, Ok(2));
        }
        let [first, second] = processes.map(|process| process.process_id);
        world.run_all(complete).await;
        world.take_in(first, ProcessStatus::Completed, Vec::new()).await;
        assert_eq!(world.store.command(&world.domain, then_id).await.unwrap(), None);
        world.pass_time(LEASE).await;
        world.take_in(second, ProcessStatus::Canceled, Vec::new()).await;
        assert_eq!(world.run(complete()).await.command_id, then_id);
        assert_eq!(world.process_counts(batch_id).await.0, BatchStatus::CompletedWithFailures);
    }
}

pub(crate) async fn a_blocked_process_keeps_its_batch_open(world: &World) {
    let (batch, ids) = world.process_batch_of(2).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all([(tokens[0], complete()), (tokens[1], park())]).await;
    world.take_in(ids[0], ProcessStatus::Completed, Vec::new()).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [1, 0, 1]));
    world.resolve(world.step_commands(ids[1]).await[0], OperatorVerb::Cancel).await;
    assert_eq!(world.process_counts(batch).await, (InProgress, [1, 0, 0]));
    world.take_in(ids[1], ProcessStatus::Canceled, Vec::new()).await;
    assert_eq!(world.process_counts(batch).await, (BatchStatus::CompletedWithFailures, [1, 1, 0]));
    ended_once(world, batch).await;
}
