use commandbus::message::{CommandId, CommandStatus};
use commandbus::store::{Canceled, OperatorVerb, Resolution, Settled, Store};

use super::assert_no_deadlock;
use crate::support::{Bench, LEASE, PAYMENTS, by_operator, complete, json};

const ROUNDS: usize = 40;

#[tokio::test]
async fn of_two_operators_one_wins_and_the_other_is_told_what_became_of_it() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..ROUNDS {
        let id = bench.parked().await;
        let mine = [by_operator(id, OperatorVerb::Complete { result: None })];
        let theirs = [by_operator(id, OperatorVerb::Cancel)];

        let (mine, theirs) = tokio::join!(bench.store.resolve(&PAYMENTS, &mine), other.resolve(&PAYMENTS, &theirs));

        let (expected, event) = match (mine.unwrap()[0], theirs.unwrap()[0]) {
            (Resolution::Done, Resolution::NotParked(CommandStatus::Completed)) => {
                (CommandStatus::Completed, "OPERATOR_COMPLETE")
            }
            (Resolution::NotParked(CommandStatus::Canceled), Resolution::Done) => {
                (CommandStatus::Canceled, "OPERATOR_CANCEL")
            }
            both => panic!("{both:?}"),
        };
        assert_eq!(bench.command(id).await.status, expected);
        let trail = bench.trail(id.as_uuid()).await;
        assert_eq!(trail, ["SENT", "RECEIVED", "MOVED_TO_TSQ", event]);
    }
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn two_operators_who_retry_one_command_send_it_once() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..ROUNDS {
        let id = bench.parked().await;
        let retry = [by_operator(id, OperatorVerb::Retry { payload: None })];

        let (mine, theirs) = tokio::join!(bench.store.resolve(&PAYMENTS, &retry), other.resolve(&PAYMENTS, &retry));

        let answers = [mine.unwrap()[0], theirs.unwrap()[0]];
        assert!(answers.contains(&Resolution::Done), "{answers:?}");
        assert!(answers.contains(&Resolution::NotParked(CommandStatus::Pending)), "{answers:?}");
        let delivery = bench.received().await;
        assert_eq!((delivery.token.command_id, delivery.attempt), (id, 1));
        assert_eq!(bench.settle(delivery.token, complete()).await, Settled::Recorded);
    }
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn two_operators_with_the_same_list_in_opposite_orders_do_not_deadlock() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..10 {
        let mut ids = Vec::new();
        for _ in 0..6 {
            ids.push(bench.parked().await);
        }
        let action = |id: &CommandId| by_operator(*id, OperatorVerb::Complete { result: Some(json(&1.into())) });
        let forward: Vec<_> = ids.iter().map(action).collect();
        let backward: Vec<_> = ids.iter().rev().map(action).collect();

        let (mine, theirs) =
            tokio::join!(bench.store.resolve(&PAYMENTS, &forward), other.resolve(&PAYMENTS, &backward));

        for (mine, theirs) in mine.unwrap().into_iter().zip(theirs.unwrap().into_iter().rev()) {
            assert_eq!([mine, theirs].iter().filter(|answer| **answer == Resolution::Done).count(), 1);
        }
    }
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn a_command_is_either_canceled_or_received() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..ROUNDS {
        let ids = [bench.sent(3).await, bench.sent(3).await, bench.sent(3).await];
        let backward = [ids[2], ids[1], ids[0]];

        let (canceled, received) = tokio::join!(
            bench.store.cancel(&PAYMENTS, &backward, "ann", "a mistake"),
            other.receive(&PAYMENTS, 10, LEASE),
        );

        let (canceled, received) = (canceled.unwrap(), received.unwrap());
        assert!(received.strays.is_empty(), "{received:?}");
        for (id, canceled) in backward.iter().zip(canceled) {
            let delivery = received.deliveries.iter().find(|delivery| delivery.token.command_id == *id);
            match canceled {
                Canceled::Canceled => {
                    assert!(delivery.is_none());
                    assert_eq!(bench.command(*id).await.status, CommandStatus::Canceled);
                    assert_eq!(bench.trail(id.as_uuid()).await, ["SENT", "CANCELED"]);
                }
                Canceled::Not(CommandStatus::InProgress) => {
                    assert_eq!(bench.settle(delivery.unwrap().token, complete()).await, Settled::Recorded);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(bench.queued().await, 0);
    }
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn a_cancel_tells_what_cannot_be_canceled() {
    let bench = Bench::new().await;
    let parked = bench.parked().await;
    let completed = bench.sent(3).await;
    bench.settle(bench.received().await.token, complete()).await;

    let answers = bench.store.cancel(&PAYMENTS, &[completed, CommandId::new(), parked], "ann", "why").await.unwrap();

    assert_eq!(
        answers,
        [Canceled::Not(CommandStatus::Completed), Canceled::NotFound, Canceled::Not(CommandStatus::InTroubleshooting),]
    );
}
