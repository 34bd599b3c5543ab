use std::{collections::HashSet, time::Duration};

use chrono::TimeDelta;
use commandbus::{
    message::{CommandStatus, Domain},
    store::{ParkReason, Settled},
};

use crate::contract::{
    verdicts::{complete, retry},
    world::{LEASE, World, debit},
};

pub(crate) async fn a_receive_counts_the_attempt_and_raises_the_delivery(world: &World) {
    let id = world.send(debit(100)).await;
    let delivery = world.delivery().await;
    let row = world.command(id).await;
    assert_eq!(row.status, CommandStatus::InProgress);
    assert_eq!((row.attempts, row.delivery), (1, 1));
    assert_eq!((delivery.attempt, delivery.max_attempts), (1, 3));
    assert_eq!((delivery.token.delivery, Some(delivery.token.msg_id)), (1, row.msg_id));
    assert_eq!(delivery.sent_at, row.created_at);
    let lease = row.lease_expires_at.unwrap() - row.updated_at;
    assert!((lease - TimeDelta::from_std(LEASE).unwrap()).abs() < TimeDelta::seconds(1), "{lease}");
}

pub(crate) async fn a_leased_message_is_received_by_nobody_else(world: &World) {
    world.send(debit(100)).await;
    world.delivery().await;
    assert!(world.deliveries().await.is_empty());
    world.pass_time(LEASE - Duration::from_secs(5)).await;
    assert!(world.deliveries().await.is_empty());
}

pub(crate) async fn no_more_is_received_than_asked_for(world: &World) {
    for cents in 0..5 {
        world.send(debit(cents)).await;
    }
    let mut seen = HashSet::new();
    for expected in [2, 2, 1, 0] {
        let received = world.store.receive(&world.domain, 2, LEASE).await.unwrap();
        assert_eq!(received.deliveries.len(), expected);
        seen.extend(received.deliveries.iter().map(|delivery| delivery.token.command_id));
    }
    assert_eq!(seen.len(), 5);
}

pub(crate) async fn nothing_is_received_of_another_domain(world: &World) {
    let elsewhere = Domain::from_static("ledger");
    world.store.ensure_queues(&elsewhere, &[]).await.unwrap();
    world.send(debit(100)).await;
    assert!(world.store.receive(&elsewhere, 10, LEASE).await.unwrap().deliveries.is_empty());
}

pub(crate) async fn a_command_whose_worker_died_is_received_again(world: &World) {
    let id = world.send(debit(100)).await;
    world.delivery().await;
    world.pass_time(LEASE).await;
    let second = world.delivery().await;
    assert_eq!((second.attempt, second.token.delivery), (2, 2));
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.delivery), (CommandStatus::InProgress, 2, 2));
    assert_eq!(world.settle(second.token, complete()).await, Settled::Recorded);
}

pub(crate) async fn a_renewed_lease_holds_from_then_on(world: &World) {
    let id = world.send(debit(100)).await;
    let token = world.delivery().await.token;
    world.pass_time(LEASE - Duration::from_secs(5)).await;
    assert_eq!(world.store.renew(&world.domain, &[token], LEASE).await.unwrap(), [true]);
    world.pass_time(LEASE - Duration::from_secs(5)).await;
    assert!(world.deliveries().await.is_empty());
    let row = world.command(id).await;
    assert_eq!((row.attempts, row.delivery), (1, 1), "renewing is no attempt");
    world.pass_time(Duration::from_secs(5)).await;
    assert_eq!(world.delivery().await.attempt, 2);
}

pub(crate) async fn a_command_that_workers_died_on_is_parked_unread(world: &World) {
    let id = world.send(debit(100)).await;
    for attempt in 1..=3 {
        assert_eq!(world.delivery().await.attempt, attempt);
        world.pass_time(LEASE).await;
    }
    let received = world.receive().await;
    assert_eq!(received.parked, [id]);
    assert!(received.deliveries.is_empty());

    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.delivery), (CommandStatus::InTroubleshooting, 3, 3));
    assert_eq!(row.last_error_code.as_deref(), Some("UNSETTLED"));
    assert_eq!(row.lease_expires_at, None);
    let parked = world.parked().await;
    assert_eq!(parked[0].reason, ParkReason::Unsettled.as_str());
    assert_eq!(parked[0].error_code.as_deref(), Some("UNSETTLED"));
    assert!(world.waiting().await.is_empty());
    assert_eq!(world.archived().await, [row.msg_id.unwrap()]);
    assert!(world.reply(id).await.is_none());
}

pub(crate) async fn a_retry_that_waits_is_not_taken_for_a_dead_worker(world: &World) {
    let mut command = debit(100);
    command.max_attempts = 2;
    world.send(command).await;
    world.run(retry()).await;
    world.pass_time(Duration::from_secs(600)).await;
    assert_eq!(world.delivery().await.attempt, 2);
}

/// No worker of ours settles so; another may.
pub(crate) async fn a_retry_past_the_last_attempt_is_parked_when_it_is_due(world: &World) {
    let mut command = debit(100);
    command.max_attempts = 1;
    let id = world.send(command).await;
    world.run(retry()).await;
    world.pass_time(Duration::from_secs(600)).await;
    let received = world.receive().await;
    assert_eq!((received.deliveries.len(), received.parked), (0, vec![id]));
    let parked = world.command(id).await;
    assert_eq!((parked.status, parked.attempts), (CommandStatus::InTroubleshooting, 1));
}

pub(crate) async fn two_receivers_never_get_the_same_command(world: &World) {
    world.batch_of(40).await;
    let one = || world.store.receive(&world.domain, 10, LEASE);
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let mut seen = HashSet::new();
    for received in [a, b, c, d] {
        for delivery in received.unwrap().deliveries {
            assert_eq!(delivery.attempt, 1);
            assert!(seen.insert(delivery.token.command_id));
        }
    }
    // Whoever found all of them locked by the others got fewer; none is lost.
    seen.extend(world.deliveries().await.iter().map(|delivery| delivery.token.command_id));
    assert_eq!(seen.len(), 40);
}
