use commandbus::{
    message::{CommandId, ProcessId, ProcessMetadata, ProcessStatus, SentStep},
    store::{Moved, ProcessMove, ReceivedReply},
};
use serde_json::json;

use crate::contract::{
    verdicts::{complete, park},
    world::{
        LEASE, World,
        process::{answer, step, transfer},
        raw,
    },
};

use ProcessStatus::{Canceled, Completed, WaitingForReply};

/// All that a move could change.
#[derive(Debug, PartialEq)]
struct Picture {
    process: ProcessMetadata,
    revision: i64,
    steps: Vec<SentStep>,
    queued: Vec<i64>,
    archived: Vec<i64>,
    commands: Vec<i64>,
}

async fn picture(world: &World, id: ProcessId) -> Picture {
    Picture {
        process: world.find(id).await,
        revision: world.load(id).await.revision,
        steps: world.sent_steps(id).await,
        queued: world.queued_replies().await,
        archived: world.archived_replies().await,
        commands: world.waiting().await.iter().map(|message| message.msg_id).collect(),
    }
}

/// A process whose reply has come, and the reply.
async fn answered(world: &World) -> (ProcessId, ReceivedReply) {
    let id = world.started().await;
    world.run(complete()).await;
    (id, world.process_reply().await)
}

/// A move that changes everything that a move can change, and the command it sends.
async fn of_everything(world: &World, id: ProcessId, reply: &ReceivedReply) -> (ProcessMove, CommandId) {
    let next = step(id, "credit", 2);
    let command = next.command.command_id;
    let one = ProcessMove {
        current_step: Some("credit".into()),
        state: raw(json!("another")),
        cause: Some(("NO".into(), "no".into())),
        ends_as: Some(Canceled),
        answers: vec![answer(reply)],
        steps: vec![next],
        ..world.move_to(id, ProcessStatus::Compensating).await
    };
    (one, command)
}

async fn changes_nothing(world: &World, id: ProcessId, one: ProcessMove, command: CommandId) {
    let before = picture(world, id).await;
    assert_eq!(world.advance(one).await, Moved::Stale);
    assert_eq!(picture(world, id).await, before);
    assert_eq!(world.store.command(&world.domain, command).await.unwrap(), None);
    assert!(world.events(command).await.is_empty());
}

pub(crate) async fn a_move_decided_on_what_was_before_changes_nothing(world: &World) {
    let (id, reply) = answered(world).await;
    let (one, command) = of_everything(world, id, &reply).await;
    assert_eq!(world.advance(world.move_to(id, WaitingForReply).await).await, Moved::Recorded);
    changes_nothing(world, id, one, command).await;
}

pub(crate) async fn a_move_decided_on_what_never_was_changes_nothing(world: &World) {
    let (id, reply) = answered(world).await;
    let (mut one, command) = of_everything(world, id, &reply).await;
    one.revision += 1;
    changes_nothing(world, id, one, command).await;
}

pub(crate) async fn a_process_that_ended_moves_no_more(world: &World) {
    let (id, reply) = answered(world).await;
    world.pass_time(LEASE).await;
    world.take_in(id, Completed, Vec::new()).await;
    let (one, command) = of_everything(world, id, &reply).await;
    changes_nothing(world, id, one, command).await;
}

pub(crate) async fn a_process_that_is_not_there_does_not_move(world: &World) {
    let (id, reply) = answered(world).await;
    let (one, command) = of_everything(world, id, &reply).await;
    let one = ProcessMove { process_id: ProcessId::new(), ..one };
    changes_nothing(world, id, one, command).await;
}

pub(crate) async fn a_stale_move_hinders_no_other_of_its_group(world: &World) {
    let ids = [world.started().await, world.started().await, world.started().await];
    let mut moves = Vec::new();
    for id in ids {
        moves.push(ProcessMove { state: raw(json!("moved")), ..world.move_to(id, WaitingForReply).await });
    }
    moves[1].revision = 7;
    assert_eq!(world.advance_all(&moves).await, [Moved::Recorded, Moved::Stale, Moved::Recorded]);
    let states = [world.find(ids[0]).await.state, world.find(ids[1]).await.state, world.find(ids[2]).await.state];
    assert_eq!(states, [json!("moved"), json!({ "cents": 100 }), json!("moved")]);
}

pub(crate) async fn of_two_routers_one_moves_it(world: &World) {
    let (id, reply) = answered(world).await;
    let (one, _) = of_everything(world, id, &reply).await;
    let (other, _) = of_everything(world, id, &reply).await;
    let answers = tokio::join!(world.advance(one), world.advance(other));
    assert!(matches!(answers, (Moved::Recorded, Moved::Stale) | (Moved::Stale, Moved::Recorded)), "{answers:?}");
    assert_eq!(world.load(id).await.revision, 1);
    assert_eq!(world.sent_steps(id).await.len(), 2);
    assert_eq!(world.deliveries().await.len(), 1);
}

pub(crate) async fn decided_anew_it_takes_effect(world: &World) {
    let id = world.start(transfer(&["debit", "credit"])).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle(tokens[0], complete()).await;
    let first = world.process_reply().await;
    world.settle(tokens[1], complete()).await;
    let second = world.process_reply().await;
    let one = ProcessMove { answers: vec![answer(&first)], ..world.move_to(id, WaitingForReply).await };
    let late = ProcessMove { answers: vec![answer(&second)], ..world.move_to(id, WaitingForReply).await };
    assert_eq!(world.advance_all(&[one]).await, [Moved::Recorded]);
    assert_eq!(world.advance(late.clone()).await, Moved::Stale);
    assert_eq!(world.queued_replies().await, [second.msg_id]);
    let anew = ProcessMove { answers: late.answers, ..world.move_to(id, Completed).await };
    assert_eq!(world.advance(anew).await, Moved::Recorded);
    assert!(world.queued_replies().await.is_empty());
}

pub(crate) async fn parking_makes_no_move_stale(world: &World) {
    let id = world.start(transfer(&["debit", "credit"])).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle(tokens[0], complete()).await;
    let answers = vec![answer(&world.process_reply().await)];
    let one = ProcessMove { answers, ..world.move_to(id, WaitingForReply).await };
    world.settle(tokens[1], park()).await;
    assert_eq!(world.advance(one).await, Moved::Recorded);
    assert_eq!(world.standing(id).await, (ProcessStatus::WaitingForTroubleshooting, 1));
}
