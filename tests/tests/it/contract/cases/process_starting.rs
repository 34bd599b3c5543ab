use std::time::Duration;

use chrono::TimeDelta;
use commandbus::{
    message::{BatchId, CommandStatus, Domain, ProcessId, ProcessStatus, StepRole},
    store::{Acceptance, NewProcess, Page, ProcessFilter, Start},
};
use serde_json::json;

use crate::contract::{
    verdicts::complete,
    world::{
        LEASE, World,
        process::{TRANSFERS, step, transfer},
        raw, read,
    },
};

pub(crate) async fn a_started_process_waits_for_its_first_reply(world: &World) {
    let id = world.started().await;
    let process = world.find(id).await;
    assert_eq!((&process.domain, process.process_id, &*process.process_type), (&TRANSFERS, id, "Transfer"));
    assert_eq!((process.status, process.current_step.as_deref()), (ProcessStatus::WaitingForReply, Some("debit")));
    assert_eq!(process.state, json!({ "cents": 100 }));
    assert_eq!((process.error_code, process.error_message, process.batch_id), (None, None, None));
    assert_eq!((process.completed_at, process.deadline_at, process.parked_count), (None, None, 0));
    assert_eq!(process.created_at, process.updated_at);

    let record = world.load(id).await;
    assert_eq!((record.process_id, &*record.process_type, record.status), (id, "Transfer", process.status));
    assert_eq!(read(&record.state), json!({ "cents": 100 }));
    assert_eq!((record.revision, record.cause, record.ends_as, record.is_overdue), (0, None, None, false));
}

pub(crate) async fn its_first_command_is_sent_with_it(world: &World) {
    let process = transfer(&["debit"]);
    let command_id = process.steps[0].command.command_id;
    let id = world.start(process).await;
    let command = world.command(command_id).await;
    assert_eq!((command.status, command.max_attempts, command.batch_id), (CommandStatus::Pending, 3, None));
    assert_eq!(command.correlation_id, Some(id.as_uuid()));
    assert_eq!(command.reply_to.as_deref(), Some("transfers__process_replies"));
    assert_eq!(world.events(command_id).await, ["SENT"]);
    let delivery = world.delivery().await;
    assert_eq!((delivery.token.command_id, read(&delivery.data)), (command_id, json!({ "cents": 100 })));
    assert_eq!(delivery.reply_to.as_deref(), Some("transfers__process_replies"));
}

pub(crate) async fn what_it_sends_is_recorded(world: &World) {
    let id = world.started().await;
    let steps = world.sent_steps(id).await;
    assert_eq!(steps.len(), 1);
    let sent = &steps[0];
    assert_eq!((&*sent.step_name, sent.role, sent.visit), ("debit", StepRole::Step, 1));
    assert_eq!((sent.command_domain.as_ref(), &*sent.command_type), (Some(&world.domain), "DebitAccount"));
    assert_eq!(sent.command_data, Some(json!({ "cents": 100 })));
    assert_eq!((sent.due_at, sent.outcome, &sent.reply_data, sent.received_at), (None, None, &None, None));

    let record = world.load(id).await.steps.remove(0);
    assert_eq!((record.command_id, &record.domain, &*record.step_name), (sent.command_id, &world.domain, "debit"));
    assert_eq!((record.role, record.visit, record.outcome, record.is_overdue), (StepRole::Step, 1, None, false));
}

pub(crate) async fn a_parallel_group_is_sent_in_its_order(world: &World) {
    let process = transfer(&["credit", "debit", "notify"]);
    let commands: Vec<_> = process.steps.iter().map(|step| step.command.command_id).collect();
    let id = world.start(process).await;
    let steps = world.sent_steps(id).await;
    assert_eq!(steps.iter().map(|step| &*step.step_name).collect::<Vec<_>>(), ["credit", "debit", "notify"]);
    assert!(steps.iter().all(|step| step.visit == 1));
    assert_eq!(world.step_commands(id).await, commands);
    assert_eq!(world.load(id).await.steps.iter().map(|step| step.command_id).collect::<Vec<_>>(), commands);
    assert_eq!(world.deliveries().await.len(), 3);
}

pub(crate) async fn a_step_may_belong_to_a_domain_that_nobody_used_before(world: &World) {
    let ledger = Domain::from_static("ledger");
    let mut process = transfer(&["debit", "book"]);
    process.steps[1].domain = ledger.clone();
    let book = process.steps[1].command.command_id;
    let id = world.start(process).await;
    assert_eq!(world.deliveries().await.len(), 1);
    let received = world.store.receive(&ledger, 10, LEASE).await.unwrap();
    assert_eq!(received.deliveries[0].token.command_id, book);
    assert_eq!(world.load(id).await.steps[1].domain, ledger);
}

pub(crate) async fn a_duplicate_process_sends_nothing_and_hinders_no_other(world: &World) {
    let known = world.started().await;
    let mut again = transfer(&["debit"]);
    again.process_id = known;
    again.state = raw(json!("another"));
    let new = transfer(&["debit"]);
    let answers = world.start_all(&[again.clone(), new.clone()], None).await;
    assert_eq!(answers, [Acceptance::Duplicate, Acceptance::Sent]);
    assert_eq!(world.find(known).await.state, json!({ "cents": 100 }));
    assert_eq!(world.sent_steps(known).await.len(), 1);
    let unsent = again.steps[0].command.command_id;
    assert_eq!(world.store.command(&world.domain, unsent).await.unwrap(), None);
    assert_eq!(world.find(new.process_id).await.status, ProcessStatus::WaitingForReply);
    assert_eq!(world.deliveries().await.len(), 2);
}

pub(crate) async fn the_second_of_two_equal_processes_in_a_group_is_the_duplicate(world: &World) {
    let first = transfer(&["debit"]);
    let second = NewProcess { process_id: first.process_id, ..transfer(&["credit"]) };
    let answers = world.start_all(&[first.clone(), second], None).await;
    assert_eq!(answers, [Acceptance::Sent, Acceptance::Duplicate]);
    assert_eq!(world.step_commands(first.process_id).await, [first.steps[0].command.command_id]);
    assert_eq!(world.deliveries().await.len(), 1);
}

pub(crate) async fn a_process_id_is_unique_within_its_domain_only(world: &World) {
    let id = world.started().await;
    let elsewhere = Domain::from_static("refunds");
    let twin = NewProcess { process_id: id, current_step: "credit".into(), ..transfer(&["credit"]) };
    assert_eq!(world.processes().start(&elsewhere, &[twin], None).await.unwrap(), [Acceptance::Sent]);
    assert_eq!(world.find(id).await.current_step.as_deref(), Some("debit"));
    let twin = world.processes().find(&elsewhere, id).await.unwrap().unwrap();
    assert_eq!((&twin.domain, twin.current_step.as_deref()), (&elsewhere, Some("credit")));
    assert_eq!(world.sent_steps(id).await.len(), 1);
}

pub(crate) async fn an_empty_group_of_processes_is_no_error(world: &World) {
    let answers = world.start_all(&[], None).await;
    assert!(answers.is_empty());
    assert!(world.processes().advance(&TRANSFERS, &[]).await.unwrap().is_empty());
    world.processes().set_aside(&TRANSFERS, &[]).await.unwrap();
    assert!(world.processes().load(&TRANSFERS, &[]).await.unwrap().is_empty());
}

pub(crate) async fn a_deadline_and_timeouts_begin_with_the_start(world: &World) {
    let mut process = transfer(&["debit", "credit"]);
    process.deadline = Some(Duration::from_secs(60));
    process.steps[1].timeout = Some(Duration::from_secs(30));
    let id = world.start(process).await;
    let process = world.find(id).await;
    assert_eq!(process.deadline_at.unwrap() - process.created_at, TimeDelta::seconds(60));
    let steps = world.sent_steps(id).await;
    assert_eq!((steps[0].due_at, steps[0].sent_at), (None, process.created_at));
    assert_eq!(steps[1].due_at.unwrap() - steps[1].sent_at, TimeDelta::seconds(30));
}

pub(crate) async fn several_are_loaded_together_and_unknown_ones_left_out(world: &World) {
    let (first, second) = (world.started().await, world.start(transfer(&["credit", "notify"])).await);
    let found = world.processes().load(&TRANSFERS, &[second, ProcessId::new(), first]).await.unwrap();
    let mut found: Vec<_> = found.iter().map(|record| (record.process_id, record.steps.len())).collect();
    found.sort_unstable();
    assert_eq!(found, [(first, 1), (second, 2)]);
}

pub(crate) async fn what_never_started_is_not_found(world: &World) {
    let id = ProcessId::new();
    assert_eq!(world.processes().find(&TRANSFERS, id).await.unwrap(), None);
    assert!(world.processes().load(&TRANSFERS, &[id]).await.unwrap().is_empty());
    assert!(world.sent_steps(id).await.is_empty());
    assert!(world.processes().stray_replies(&TRANSFERS, id).await.unwrap().is_empty());
    let known = world.started().await;
    assert_eq!(world.processes().find(&world.domain, known).await.unwrap(), None, "of another domain");
    assert!(world.processes().steps(&world.domain, known).await.unwrap().is_empty());
}

async fn listed(world: &World, filter: &ProcessFilter, page: Page<ProcessId>) -> Vec<ProcessId> {
    let found = world.processes().list(filter, page).await.unwrap();
    found.iter().map(|process| process.process_id).collect()
}

pub(crate) async fn processes_come_newest_first_and_in_pages(world: &World) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.started().await);
    }
    ids.reverse();
    let all = ProcessFilter::in_domain(TRANSFERS.clone());
    assert_eq!(listed(world, &all, Page::first(100)).await, ids);
    assert_eq!(listed(world, &all, Page::first(2)).await, ids[..2]);
    assert_eq!(listed(world, &all, Page { after: Some(ids[1]), limit: 2 }).await, ids[2..4]);
    assert_eq!(listed(world, &all, Page { after: Some(ids[3]), limit: 2 }).await, ids[4..]);
}

pub(crate) async fn processes_are_found_by_each_of_their_properties(world: &World) {
    let done = world.started().await;
    world.run(complete()).await;
    world.take_in(done, ProcessStatus::Completed, Vec::new()).await;
    let batch = world.process_batch_for(1).await;
    let member = world.start_in(batch, transfer(&["debit"])).await;
    let refund = world.start(NewProcess { process_type: "Refund".into(), ..transfer(&["debit"]) }).await;

    let all = || ProcessFilter::in_domain(TRANSFERS.clone());
    let mut of_type = all();
    of_type.process_type = Some("Refund".into());
    for (filter, expected) in [
        (ProcessFilter::default(), vec![refund, member, done]),
        (all(), vec![refund, member, done]),
        (ProcessFilter::in_domain(world.domain.clone()), vec![]),
        (of_type, vec![refund]),
        (all().with_status(ProcessStatus::Completed), vec![done]),
        (all().with_status(ProcessStatus::WaitingForReply), vec![refund, member]),
        (all().of_batch(batch), vec![member]),
        (all().of_batch(BatchId::new()), vec![]),
        (all().of_batch(batch).with_status(ProcessStatus::Completed), vec![]),
    ] {
        assert_eq!(listed(world, &filter, Page::first(100)).await, expected, "{filter:?}");
    }
}

pub(crate) async fn a_process_may_start_with_a_command_for_later(world: &World) {
    let id = ProcessId::new();
    let mut first = step(id, "debit", 1);
    first.command.start = Start::After(LEASE);
    world.start(NewProcess { process_id: id, steps: vec![first], ..transfer(&["debit"]) }).await;
    assert!(world.deliveries().await.is_empty());
    world.pass_time(LEASE).await;
    assert_eq!(world.delivery().await.correlation_id, Some(id.as_uuid()));
}
