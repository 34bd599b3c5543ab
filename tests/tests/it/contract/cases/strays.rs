use commandbus::{
    message::{CommandId, CommandStatus},
    store::{NewCommand, Stray, StrayReason},
};
use serde_json::{Value, json};

use crate::contract::{
    verdicts::{again, complete, fail, park},
    world::{LEASE, World, debit},
};

/// Puts a message beside a good one: it is archived for this reason, the good one is received.
async fn is_put_aside(world: &World, body: Value, reason: StrayReason) {
    let msg_id = world.harness.put(&world.domain.commands_queue(), body).await;
    let good = world.send(debit(1)).await;
    let archived_before = world.archived().await;
    let received = world.receive().await;
    assert_eq!(received.strays, [Stray { msg_id, reason }]);
    assert_eq!(received.deliveries.len(), 1);
    assert_eq!(received.deliveries[0].token.command_id, good);
    let mut archived = world.archived().await;
    archived.retain(|id| !archived_before.contains(id));
    assert_eq!(archived, [msg_id]);
    assert!(world.deliveries().await.is_empty(), "it comes no second time");
}

/// The envelope of a command, as another sender might put it once more.
fn envelope_of(id: CommandId) -> Value {
    json!({ "domain": "payments", "command_type": "DebitAccount", "command_id": id, "correlation_id": id, "data": {} })
}

pub(crate) async fn a_message_of_no_command_is_put_aside(world: &World) {
    is_put_aside(world, envelope_of(CommandId::new()), StrayReason::Absent).await;
}

pub(crate) async fn a_message_of_a_completed_command_is_put_aside(world: &World) {
    let id = world.sent_and_run(complete()).await;
    is_put_aside(world, envelope_of(id), StrayReason::NotAwaited).await;
    assert_eq!(world.status(id).await, CommandStatus::Completed);
    assert_eq!(world.command(id).await.delivery, 1);
}

pub(crate) async fn a_message_of_a_failed_command_is_put_aside(world: &World) {
    let id = world.sent_and_run(fail()).await;
    is_put_aside(world, envelope_of(id), StrayReason::NotAwaited).await;
    assert_eq!(world.status(id).await, CommandStatus::Failed);
}

pub(crate) async fn a_message_of_a_parked_command_is_put_aside(world: &World) {
    let id = world.sent_and_run(park()).await;
    is_put_aside(world, envelope_of(id), StrayReason::NotAwaited).await;
    assert_eq!(world.status(id).await, CommandStatus::InTroubleshooting);
}

pub(crate) async fn a_second_message_of_a_command_that_runs_is_put_aside(world: &World) {
    let id = world.send(debit(1)).await;
    let token = world.delivery().await.token;
    is_put_aside(world, envelope_of(id), StrayReason::Superseded).await;
    let row = world.command(id).await;
    assert_eq!((row.status, row.msg_id, row.delivery), (CommandStatus::InProgress, Some(token.msg_id), 1));
}

pub(crate) async fn a_copy_of_a_message_sent_again_by_an_operator_is_put_aside(world: &World) {
    let id = world.sent_and_run(park()).await;
    world.resolve(id, again()).await;
    let waiting = world.waiting().await;
    let stray = world.harness.put(&world.domain.commands_queue(), envelope_of(id)).await;
    let received = world.receive().await;
    assert_eq!(received.strays, [Stray { msg_id: stray, reason: StrayReason::Superseded }]);
    assert_eq!(received.deliveries[0].token.msg_id, waiting[0].msg_id);
}

pub(crate) async fn a_copy_that_comes_with_what_is_parked_is_judged_as_it_was_found(world: &World) {
    let id = world.send(NewCommand { max_attempts: 1, ..debit(1) }).await;
    world.delivery().await;
    let stray = world.harness.put(&world.domain.commands_queue(), envelope_of(id)).await;
    world.pass_time(LEASE).await;
    let received = world.receive().await;
    assert_eq!(received.parked, [id]);
    assert_eq!(received.strays, [Stray { msg_id: stray, reason: StrayReason::Superseded }]);
}

pub(crate) async fn what_is_no_envelope_is_put_aside(world: &World) {
    is_put_aside(world, json!({ "hello": "world" }), StrayReason::Malformed).await;
    is_put_aside(world, json!({ "command_id": "no uuid" }), StrayReason::Malformed).await;
    is_put_aside(world, json!({ "command_id": 5 }), StrayReason::Malformed).await;
    is_put_aside(world, json!("a text"), StrayReason::Malformed).await;
    is_put_aside(world, json!(["an", "array"]), StrayReason::Malformed).await;
}
