use std::time::Duration;

use chrono::TimeDelta;
use commandbus::{
    message::{CommandId, CommandStatus, Domain},
    store::{Acceptance, Start},
};
use serde_json::json;
use uuid::Uuid;

use crate::contract::world::{World, debit, read};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) async fn a_sent_command_is_pending(world: &World) {
    let command = debit(100);
    let id = world.send(command.clone()).await;
    let row = world.command(id).await;
    assert_eq!(row.status, CommandStatus::Pending);
    assert_eq!((row.attempts, row.max_attempts, row.delivery), (0, 3, 0));
    assert_eq!(row.command_type, "DebitAccount");
    assert_eq!(row.correlation_id, Some(command.correlation_id));
    assert_eq!((row.reply_to, row.batch_id, row.last_error_code, row.lease_expires_at), (None, None, None, None));
    assert_eq!(row.created_at, row.updated_at);
    assert_eq!(row.msg_id, Some(world.waiting().await[0].msg_id));
}

pub(crate) async fn its_message_is_the_envelope(world: &World) {
    let mut command = debit(100);
    command.reply_to = Some(world.domain.replies_queue());
    world.send(command.clone()).await;
    let expected = json!({
        "domain": "payments",
        "command_type": "DebitAccount",
        "command_id": command.command_id,
        "correlation_id": command.correlation_id,
        "data": { "cents": 100 },
        "reply_to": "payments__replies",
    });
    assert_eq!(world.waiting().await[0].body, expected);
}

pub(crate) async fn a_message_without_reply_to_does_not_name_it(world: &World) {
    world.send(debit(100)).await;
    assert!(world.waiting().await[0].body.get("reply_to").is_none());
}

pub(crate) async fn payload_headers_and_correlation_arrive_as_sent(world: &World) {
    let mut command = debit(100);
    let headers = json!({ "traceparent": "00-1-2-01", "x-pgmq-group": "account 1" }).as_object().unwrap().clone();
    command.headers = Some(headers.clone());
    command.reply_to = Some("elsewhere".into());
    world.send(command.clone()).await;
    let delivery = world.delivery().await;
    assert_eq!(read(&delivery.data), json!({ "cents": 100 }));
    assert_eq!(delivery.headers, headers);
    assert_eq!(delivery.correlation_id, Some(command.correlation_id));
    assert_eq!(delivery.reply_to.as_deref(), Some("elsewhere"));
    assert_eq!(delivery.command_type, "DebitAccount");
    assert_eq!(delivery.domain, world.domain);
    assert_eq!(delivery.token.command_id, command.command_id);
}

pub(crate) async fn a_duplicate_hinders_no_other_of_its_group(world: &World) {
    let known = world.send(debit(1)).await;
    let mut duplicate = debit(2);
    duplicate.command_id = known;
    let (first, last) = (debit(3), debit(4));
    let answers = world.store.send(&world.domain, &[first.clone(), duplicate, last.clone()]).await.unwrap();
    assert_eq!(answers, [Acceptance::Sent, Acceptance::Duplicate, Acceptance::Sent]);
    assert_eq!(world.status(first.command_id).await, CommandStatus::Pending);
    assert_eq!(world.status(last.command_id).await, CommandStatus::Pending);
    assert_eq!(world.waiting().await.len(), 3);
    assert_eq!(world.events(known).await, ["SENT"], "the first is as it was");
}

pub(crate) async fn the_second_of_two_equal_ids_in_a_group_is_the_duplicate(world: &World) {
    let first = debit(1);
    let mut second = debit(2);
    second.command_id = first.command_id;
    let answers = world.store.send(&world.domain, &[first, second]).await.unwrap();
    assert_eq!(answers, [Acceptance::Sent, Acceptance::Duplicate]);
    assert_eq!(read(&world.delivery().await.data), json!({ "cents": 1 }));
}

pub(crate) async fn an_id_is_unique_within_its_domain_only(world: &World) {
    let elsewhere = Domain::from_static("ledger");
    world.store.ensure_queues(&elsewhere, &[]).await.unwrap();
    let command = debit(1);
    world.send(command.clone()).await;
    assert_eq!(world.store.send(&elsewhere, &[command]).await.unwrap(), [Acceptance::Sent]);
}

pub(crate) async fn sending_all_sends_all(world: &World) {
    let commands = [debit(1), debit(2)];
    assert_eq!(world.store.send_all(&world.domain, &commands).await.unwrap(), Ok(()));
    assert_eq!(world.deliveries().await.len(), 2);
}

pub(crate) async fn sending_all_with_duplicates_sends_nothing_and_names_them(world: &World) {
    let known = world.send(debit(1)).await;
    let (new, mut against, inside) = (debit(2), debit(3), debit(4));
    against.command_id = known;
    let commands = [new.clone(), against, inside.clone(), inside.clone()];
    let refused = world.store.send_all(&world.domain, &commands).await.unwrap();
    assert_eq!(refused, Err(vec![known, inside.command_id]));
    assert_eq!(world.store.command(&world.domain, new.command_id).await.unwrap(), None);
    assert_eq!(world.waiting().await.len(), 1);
    assert!(world.events(new.command_id).await.is_empty());
}

pub(crate) async fn an_empty_group_is_no_error(world: &World) {
    assert!(world.store.send(&world.domain, &[]).await.unwrap().is_empty());
    assert_eq!(world.store.send_all(&world.domain, &[]).await.unwrap(), Ok(()));
    assert!(world.settle_all([]).await.is_empty());
    assert!(world.deliveries().await.is_empty());
}

pub(crate) async fn a_delayed_command_waits_for_its_time(world: &World) {
    let mut after = debit(1);
    after.start = Start::After(MINUTE);
    let mut at = debit(2);
    at.start = Start::At(world.store.now().await.unwrap() + TimeDelta::seconds(120));
    let (after, at) = (world.send(after).await, world.send(at).await);

    assert!(world.deliveries().await.is_empty());
    assert_eq!(world.status(after).await, CommandStatus::Pending);
    world.pass_time(MINUTE).await;
    assert_eq!(world.delivery().await.token.command_id, after);
    world.pass_time(MINUTE).await;
    let due: Vec<CommandId> = world.deliveries().await.iter().map(|delivery| delivery.token.command_id).collect();
    assert!(due.contains(&at), "{due:?}");
}

pub(crate) async fn a_start_in_the_past_is_now(world: &World) {
    let mut command = debit(1);
    command.start = Start::At(world.store.now().await.unwrap() - TimeDelta::days(1));
    let id = world.send(command).await;
    assert_eq!(world.delivery().await.token.command_id, id);
}

pub(crate) async fn what_was_never_sent_is_not_found(world: &World) {
    assert_eq!(world.store.command(&world.domain, CommandId::new()).await.unwrap(), None);
    assert!(world.audit(Uuid::now_v7()).await.is_empty());
    assert!(world.reply(CommandId::new()).await.is_none());
}
