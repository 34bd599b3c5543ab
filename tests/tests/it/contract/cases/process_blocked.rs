use commandbus::{
    message::{CommandStatus, Outcome, ProcessId, ProcessStatus},
    store::{Moved, OperatorVerb, ProcessMove, ReplyFate, Resolution, Settled, StrayReplyReason},
};
use serde_json::json;

use crate::contract::{
    verdicts::{again, complete, complete_with, completed, fail, give_back, park, retry},
    world::{
        LEASE, World, debit,
        process::{TRANSFERS, answer, parked_as, read_reply, step, transfer, undo, unwinding},
    },
};

use ProcessStatus::{Canceled, Compensating, Completed, WaitingForReply, WaitingForTroubleshooting};

/// A process whose steps are all parked.
async fn blocked(world: &World, names: &[&'static str]) -> ProcessId {
    let id = world.start(transfer(names)).await;
    world.run_all(park).await;
    id
}

pub(crate) async fn a_parked_step_blocks_its_process(world: &World) {
    let id = world.started().await;
    let other = world.start(transfer(&["credit"])).await;
    let revision = world.load(id).await.revision;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all([(tokens[0], park()), (tokens[1], retry())]).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
    assert_eq!(world.standing(other).await, (WaitingForReply, 0));
    let record = world.load(id).await;
    assert_eq!((record.status, record.revision), (WaitingForTroubleshooting, revision));
    assert!(world.queued_replies().await.is_empty());
}

pub(crate) async fn a_step_that_workers_died_on_blocks_its_process(world: &World) {
    let id = world.started().await;
    for _ in 0..3 {
        world.delivery().await;
        world.pass_time(LEASE).await;
    }
    assert_eq!(world.standing(id).await, (WaitingForReply, 0));
    assert_eq!(world.receive().await.parked, world.step_commands(id).await);
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
}

pub(crate) async fn a_step_whose_result_cannot_be_written_blocks_its_process(world: &World) {
    let id = world.started().await;
    let token = world.delivery().await.token;
    assert_eq!(world.settle(token, complete_with(json!("a\0b"))).await, Settled::Unsettleable);
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
}

pub(crate) async fn what_is_only_tried_again_blocks_nothing(world: &World) {
    let id = world.started().await;
    for verdict in [give_back(), retry()] {
        world.run(verdict).await;
        assert_eq!(world.standing(id).await, (WaitingForReply, 0));
    }
}

pub(crate) async fn an_operators_retry_lets_it_wait_for_the_reply_again(world: &World) {
    let id = blocked(world, &["debit"]).await;
    let command = world.step_commands(id).await[0];
    assert_eq!(world.resolve(command, again()).await, Resolution::Done);
    assert_eq!(world.standing(id).await, (WaitingForReply, 0));
    world.run(park()).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
    world.resolve(command, again()).await;
    world.run(complete()).await;
    world.take_in(id, Completed, Vec::new()).await;
    assert_eq!(world.standing(id).await, (Completed, 0));
}

/// Resolves the only parked command so, and expects the process to be told.
async fn resolved_by(world: &World, verb: OperatorVerb, outcome: Outcome) {
    let id = blocked(world, &["debit"]).await;
    let command = world.step_commands(id).await[0];
    assert_eq!(world.resolve(command, verb).await, Resolution::Done);
    assert_eq!(world.standing(id).await, (WaitingForReply, 0));
    let reply = read_reply(&world.process_reply().await);
    assert_eq!((reply.command_id, reply.correlation_id, reply.outcome), (command, Some(id.as_uuid()), outcome));
}

pub(crate) async fn an_operators_cancel_is_told_to_the_process(world: &World) {
    resolved_by(world, OperatorVerb::Cancel, Outcome::Canceled).await;
}

pub(crate) async fn an_operators_completion_is_told_to_the_process(world: &World) {
    resolved_by(world, completed(), Outcome::Success).await;
}

pub(crate) async fn it_is_blocked_until_the_last_of_its_group_is_resolved(world: &World) {
    let id = blocked(world, &["debit", "credit", "notify"]).await;
    let commands = world.step_commands(id).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 3));
    world.resolve(commands[1], completed()).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 2));
    world.resolve(commands[0], OperatorVerb::Cancel).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
    world.resolve(commands[2], again()).await;
    assert_eq!(world.standing(id).await, (WaitingForReply, 0));
}

pub(crate) async fn a_move_leaves_it_blocked_while_something_is_parked(world: &World) {
    let id = world.start(transfer(&["debit", "credit"])).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all([(tokens[0], park()), (tokens[1], complete())]).await;
    world.take_in(id, WaitingForReply, Vec::new()).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
    assert_eq!(world.load(id).await.revision, 1);
}

pub(crate) async fn a_parked_reply_blocks_its_process(world: &World) {
    let id = world.started().await;
    let parked = world.reply_parked(id).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
    world.processes().retry_replies(&TRANSFERS, &[parked.parked_reply_id], None, "ada", None).await.unwrap();
    assert_eq!(world.standing(id).await, (WaitingForReply, 0));
}

pub(crate) async fn commands_and_replies_are_counted_together(world: &World) {
    let id = world.start(transfer(&["debit", "credit"])).await;
    let commands = world.step_commands(id).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all([(tokens[0], park()), (tokens[1], complete())]).await;
    let reply = world.process_reply().await;
    world.set_aside(reply.msg_id, id, parked_as("UNDECODABLE")).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 2));
    world.resolve(commands[0], completed()).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
}

pub(crate) async fn a_reply_put_off_or_strayed_blocks_nothing(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    let msg_id = world.process_reply().await.msg_id;
    for fate in [ReplyFate::Later(LEASE), ReplyFate::Stray(StrayReplyReason::Foreign)] {
        world.set_aside(msg_id, id, fate).await;
        assert_eq!(world.standing(id).await, (WaitingForReply, 0));
    }
}

pub(crate) async fn a_parked_undo_leaves_it_compensating(world: &World) {
    let id = world.started().await;
    let debit = world.step_commands(id).await[0];
    world.run(complete()).await;
    let answers = vec![answer(&world.process_reply().await)];
    let one =
        ProcessMove { answers, steps: vec![undo(id, "debit", 2, debit)], ..world.move_to(id, Compensating).await };
    assert_eq!(world.advance(unwinding(one, ProcessStatus::Compensated)).await, Moved::Recorded);
    world.run(park()).await;
    assert_eq!(world.standing(id).await, (Compensating, 1));
    world.resolve(world.step_commands(id).await[1], again()).await;
    assert_eq!(world.standing(id).await, (Compensating, 0));
    world.run(fail()).await;
    world.take_in(id, ProcessStatus::Failed, Vec::new()).await;
    assert_eq!(world.standing(id).await, (ProcessStatus::Failed, 0));
}

pub(crate) async fn a_blocked_process_may_be_taken_back(world: &World) {
    let id = blocked(world, &["debit"]).await;
    let one = world.move_to(id, Compensating).await;
    world.advance(unwinding(one, Canceled)).await;
    assert_eq!(world.standing(id).await, (Compensating, 1));
    world.resolve(world.step_commands(id).await[0], OperatorVerb::Cancel).await;
    assert_eq!(world.standing(id).await, (Compensating, 0));
    world.take_in(id, Canceled, Vec::new()).await;
    assert_eq!(world.standing(id).await, (Canceled, 0));
}

pub(crate) async fn a_process_that_ended_is_not_blocked(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    let reply = world.process_reply().await;
    let copy = world.harness.put(&TRANSFERS.process_replies_queue(), json!("a copy")).await;
    world.set_aside(copy, id, parked_as("UNDECODABLE")).await;
    assert_eq!(world.standing(id).await, (WaitingForTroubleshooting, 1));
    let one = ProcessMove { answers: vec![answer(&reply)], ..world.move_to(id, Completed).await };
    assert_eq!(world.advance(one).await, Moved::Recorded);
    assert_eq!(world.standing(id).await, (Completed, 0));
    let parked = world.parked_replies().await;
    assert_eq!(parked.len(), 1, "the copy still waits for an operator");
    let ids = [parked[0].parked_reply_id];
    world.processes().retry_replies(&TRANSFERS, &ids, None, "ada", None).await.unwrap();
    let late = world.harness.put(&TRANSFERS.process_replies_queue(), json!("another")).await;
    world.set_aside(late, id, parked_as("UNDECODABLE")).await;
    assert_eq!(world.standing(id).await, (Completed, 0));
}

pub(crate) async fn only_its_own_commands_block_a_process(world: &World) {
    let id = world.started().await;
    world.delivery().await;
    let mut foreign = debit(1);
    foreign.correlation_id = id.as_uuid();
    foreign.reply_to = Some(TRANSFERS.process_replies_queue());
    let foreign = world.send(foreign).await;
    let mut of_nobody = step(ProcessId::new(), "debit", 1).command;
    of_nobody.reply_to = Some(TRANSFERS.process_replies_queue());
    world.send(of_nobody).await;
    let mut told_elsewhere = debit(2);
    told_elsewhere.correlation_id = id.as_uuid();
    told_elsewhere.reply_to = Some(world.domain.replies_queue());
    world.send(told_elsewhere).await;
    world.run_all(park).await;
    assert_eq!(world.status(foreign).await, CommandStatus::InTroubleshooting);
    assert_eq!(world.standing(id).await, (WaitingForReply, 0));
    assert_eq!(world.resolve(foreign, again()).await, Resolution::Done);
    assert_eq!(world.standing(id).await, (WaitingForReply, 0));
}
