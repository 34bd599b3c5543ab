use std::time::Duration;

use commandbus::{
    message::{ProcessId, ProcessStatus},
    store::{Moved, ProcessMove},
};

use crate::contract::{
    verdicts::{complete, fail, park},
    world::{
        LEASE, World,
        process::{TRANSFERS, answer, step, transfer, transfer_within, unwinding},
    },
};

use ProcessStatus::{Canceled, Compensating, Completed, WaitingForReply};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) async fn a_process_without_timeouts_is_never_due(world: &World) {
    world.started().await;
    world.pass_time(MINUTE * 1000).await;
    let work = world.routing().await;
    assert_eq!((work.due, work.next_due), (Vec::new(), None));
}

pub(crate) async fn a_late_step_makes_its_process_due(world: &World) {
    let mut process = transfer(&["debit", "credit"]);
    process.steps[1].timeout = Some(MINUTE);
    let id = world.start(process).await;
    world.started().await;
    assert!(world.due().await.is_empty());
    assert!(world.load(id).await.steps.iter().all(|step| !step.is_overdue));
    world.pass_time(MINUTE).await;
    assert_eq!(world.due().await, [id]);
    assert_eq!(world.due().await, [id], "until it is moved or put off");
    let record = world.load(id).await;
    assert_eq!(record.steps.iter().map(|step| step.is_overdue).collect::<Vec<_>>(), [false, true]);
    assert!(!record.is_overdue);
}

pub(crate) async fn a_deadline_makes_its_process_due(world: &World) {
    let mut process = transfer(&["debit"]);
    process.deadline = Some(MINUTE);
    let id = world.start(process).await;
    assert!(world.due().await.is_empty());
    assert!(!world.load(id).await.is_overdue);
    world.pass_time(MINUTE).await;
    assert_eq!(world.due().await, [id]);
    let record = world.load(id).await;
    assert!(record.is_overdue && !record.steps[0].is_overdue);
}

pub(crate) async fn the_deadline_lives_on_through_its_moves(world: &World) {
    let mut process = transfer(&["debit"]);
    process.deadline = Some(MINUTE);
    let id = world.start(process).await;
    world.run(complete()).await;
    world.take_in(id, WaitingForReply, vec![step(id, "credit", 2)]).await;
    assert!(world.due().await.is_empty());
    world.pass_time(MINUTE).await;
    assert_eq!(world.due().await, [id]);
}

/// That what is due next is due in about so long.
async fn is_due_in(world: &World, expected: Duration) {
    let found = world.routing().await.next_due.expect("something will be due");
    assert!(found <= expected && found + Duration::from_secs(20) > expected, "{found:?}, not {expected:?}");
}

pub(crate) async fn the_earliest_time_is_told(world: &World) {
    let mut process = transfer_within(MINUTE * 2);
    process.deadline = Some(MINUTE * 3);
    world.start(process).await;
    is_due_in(world, MINUTE * 2).await;
    let mut earlier = transfer_within(MINUTE * 7);
    earlier.deadline = Some(MINUTE);
    world.start(earlier).await;
    is_due_in(world, MINUTE).await;
    let elsewhere = world.processes().receive_replies(&world.domain, 10, LEASE).await.unwrap();
    assert_eq!(elsewhere.next_due, None);
}

pub(crate) async fn a_reply_on_the_way_goes_first(world: &World) {
    let ids = [
        world.start(transfer_within(MINUTE)).await,
        world.start(transfer_within(MINUTE)).await,
        world.start(transfer_within(MINUTE)).await,
    ];
    let canceled = world.step_commands(ids[2]).await;
    world.store.cancel(&world.domain, &canceled, "ada", "no need").await.unwrap();
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all([(tokens[0], complete()), (tokens[1], fail())]).await;
    world.pass_time(MINUTE).await;
    let work = world.routing().await;
    assert_eq!((work.replies.len(), work.due), (3, Vec::new()));
    assert!(world.due().await.is_empty(), "also while a router has it");
}

pub(crate) async fn a_process_is_due_again_when_the_reply_on_the_way_was_taken_in(world: &World) {
    let mut process = transfer(&["debit", "credit"]);
    process.steps[1].timeout = Some(MINUTE);
    let id = world.start(process).await;
    let debit = world.deliveries().await[0].token;
    world.settle(debit, complete()).await;
    world.pass_time(MINUTE).await;
    let work = world.routing().await;
    assert_eq!(work.due, []);
    let answers = vec![answer(&work.replies[0])];
    let one = ProcessMove { answers, ..world.move_to(id, WaitingForReply).await };
    assert_eq!(world.advance(one).await, Moved::Recorded);
    assert_eq!(world.due().await, [id]);
}

pub(crate) async fn an_answered_step_is_late_no_more(world: &World) {
    let id = world.start(transfer_within(MINUTE)).await;
    world.run(complete()).await;
    world.take_in(id, WaitingForReply, vec![step(id, "credit", 2)]).await;
    world.pass_time(MINUTE * 2).await;
    assert!(world.due().await.is_empty());
    assert!(world.load(id).await.steps.iter().all(|step| !step.is_overdue));
}

pub(crate) async fn a_step_sent_later_has_its_own_time(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    world.pass_time(MINUTE).await;
    let mut next = step(id, "credit", 2);
    next.timeout = Some(MINUTE);
    world.take_in(id, WaitingForReply, vec![next]).await;
    assert!(world.due().await.is_empty());
    is_due_in(world, MINUTE).await;
    world.pass_time(MINUTE).await;
    assert_eq!(world.due().await, [id]);
}

pub(crate) async fn a_parked_step_may_be_late(world: &World) {
    let id = world.start(transfer_within(MINUTE)).await;
    world.run(park()).await;
    world.pass_time(MINUTE).await;
    assert_eq!(world.due().await, [id]);
}

pub(crate) async fn a_step_whose_reply_is_parked_is_late_no_more(world: &World) {
    let mut process = transfer_within(MINUTE);
    process.deadline = Some(MINUTE * 10);
    let id = world.start(process).await;
    let parked = world.reply_parked(id).await;
    world.pass_time(MINUTE).await;
    assert!(world.due().await.is_empty(), "its reply came in time");
    assert!(world.load(id).await.steps.iter().all(|step| !step.is_overdue));
    world.pass_time(MINUTE * 9).await;
    assert_eq!(world.due().await, [id], "its deadline goes on");
    let retried = world.processes().retry_replies(&TRANSFERS, &[parked.parked_reply_id], None, "ada", None).await;
    assert_eq!(retried.unwrap(), [true]);
    let work = world.routing().await;
    assert_eq!((work.replies.len(), work.due), (1, Vec::new()), "the reply goes first");
    assert!(world.load(id).await.steps.iter().all(|step| !step.is_overdue));
}

pub(crate) async fn a_process_put_off_is_due_after_its_pause(world: &World) {
    let id = world.start(transfer_within(MINUTE)).await;
    let other = world.start(transfer_within(MINUTE)).await;
    world.pass_time(MINUTE).await;
    world.processes().postpone(&TRANSFERS, &[id, ProcessId::new()], MINUTE * 5).await.unwrap();
    assert_eq!(world.due().await, [other]);
    is_due_in(world, MINUTE * 5).await;
    world.pass_time(MINUTE * 5).await;
    assert_eq!(world.due().await.len(), 2);
}

pub(crate) async fn what_is_not_due_is_not_put_off(world: &World) {
    let id = world.start(transfer_within(MINUTE)).await;
    let without = world.started().await;
    world.processes().postpone(&TRANSFERS, &[id, without], MINUTE * 5).await.unwrap();
    is_due_in(world, MINUTE).await;
    world.pass_time(MINUTE).await;
    assert_eq!(world.due().await, [id]);
    world.processes().postpone(&world.domain, &[id], MINUTE).await.unwrap();
    assert_eq!(world.due().await, [id], "that was another domain");
    world.pass_time(MINUTE * 10).await;
    assert_eq!(world.due().await, [id], "the other has no time to keep");
}

pub(crate) async fn a_router_may_ask_to_look_again(world: &World) {
    let id = world.started().await;
    let one = ProcessMove { look_again: Some(MINUTE), ..world.move_to(id, Compensating).await };
    world.advance(unwinding(one, Canceled)).await;
    assert!(world.due().await.is_empty());
    is_due_in(world, MINUTE).await;
    world.pass_time(MINUTE).await;
    assert_eq!(world.due().await, [id]);
    world.advance(world.move_to(id, Compensating).await).await;
    assert!(world.due().await.is_empty(), "the next move did not ask for it");
    assert_eq!(world.routing().await.next_due, None);
}

pub(crate) async fn what_is_taken_back_has_no_timeouts(world: &World) {
    let mut process = transfer_within(MINUTE);
    process.deadline = Some(MINUTE);
    let id = world.start(process).await;
    let one = world.move_to(id, Compensating).await;
    world.advance(unwinding(one, Canceled)).await;
    world.pass_time(MINUTE * 2).await;
    let work = world.routing().await;
    assert_eq!((work.due, work.next_due), (Vec::new(), None));
}

pub(crate) async fn what_ended_is_never_due(world: &World) {
    let mut process = transfer_within(MINUTE);
    process.deadline = Some(MINUTE);
    let id = world.start(process).await;
    world.run(complete()).await;
    let answers = vec![answer(&world.process_reply().await)];
    let one = ProcessMove { answers, look_again: Some(MINUTE), ..world.move_to(id, Completed).await };
    world.advance(one).await;
    assert_eq!(world.routing().await.next_due, None);
    world.pass_time(MINUTE).await;
    assert!(world.due().await.is_empty());
    world.processes().postpone(&TRANSFERS, &[id], Duration::ZERO).await.unwrap();
    assert!(world.due().await.is_empty());
}

pub(crate) async fn no_more_are_due_than_asked_for(world: &World) {
    for _ in 0..3 {
        world.start(transfer_within(MINUTE)).await;
    }
    world.pass_time(MINUTE).await;
    let work = world.processes().receive_replies(&TRANSFERS, 2, LEASE).await.unwrap();
    assert_eq!(work.due.len(), 2);
    world.processes().postpone(&TRANSFERS, &work.due, MINUTE).await.unwrap();
    assert_eq!(world.due().await.len(), 1);
}
