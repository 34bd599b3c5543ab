use commandbus::message::CommandStatus;
use commandbus::store::{Settled, Settlement, Store};

use super::assert_no_deadlock;
use crate::support::{Bench, LEASE, PAYMENTS, complete, fail, give_back, park, retry};

/// Enough for the two to meet in every order.
const ROUNDS: usize = 60;
const GROUP: usize = 8;

/// A worker that settles late, against one that receives the same messages: tried with the locks in the other order, this
/// deadlocks in the first rounds.
#[tokio::test]
async fn a_settlement_and_a_receive_of_the_same_expired_messages_do_not_deadlock() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    let mut recorded = 0;
    for _ in 0..ROUNDS {
        let commands: Vec<_> = (0..GROUP).map(|_| crate::support::debit(3)).collect();
        bench.send(&commands).await;
        // Settled in the order opposite to that of the messages.
        let mut settlements: Vec<Settlement> = bench
            .receive()
            .await
            .deliveries
            .iter()
            .map(|delivery| Settlement { token: delivery.token, verdict: complete() })
            .collect();
        settlements.reverse();
        bench.expire_leases().await;

        let (settled, received) =
            tokio::join!(bench.store.settle(&PAYMENTS, &settlements), other.receive(&PAYMENTS, GROUP, LEASE),);
        let settled = settled.unwrap();
        let received = received.unwrap();

        // Each command went one of the two ways, never both and never neither.
        for (settlement, settled) in settlements.iter().zip(&settled.answers) {
            let taken = received.deliveries.iter().find(|taken| taken.token.command_id == settlement.token.command_id);
            match settled {
                Settled::Recorded => {
                    recorded += 1;
                    assert!(taken.is_none());
                    assert_eq!(bench.command(settlement.token.command_id).await.status, CommandStatus::Completed);
                }
                _ => assert_eq!(taken.unwrap().token.delivery, settlement.token.delivery + 1),
            }
        }
        assert!(received.strays.is_empty(), "{received:?}");
        let rest: Vec<Settlement> = received
            .deliveries
            .iter()
            .map(|delivery| Settlement { token: delivery.token, verdict: complete() })
            .collect();
        assert!(
            other.settle(&PAYMENTS, &rest).await.unwrap().answers.iter().all(|settled| *settled == Settled::Recorded)
        );
    }
    assert_eq!(bench.queued().await, 0);
    let completed: i64 = bench.ask("select count(*) from commandbus.audit where event_type = 'COMPLETED'").await;
    assert_eq!(completed, i64::try_from(ROUNDS * GROUP).unwrap());
    assert!(recorded <= ROUNDS * GROUP);
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn of_two_settlers_with_one_token_one_is_recorded() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..ROUNDS {
        let id = bench.sent(3).await;
        let token = bench.received().await.token;
        let (mine, theirs) = (Settlement { token, verdict: complete() }, Settlement { token, verdict: fail() });

        let (mine, theirs) = tokio::join!(
            bench.store.settle(&PAYMENTS, std::slice::from_ref(&mine)),
            other.settle(&PAYMENTS, std::slice::from_ref(&theirs)),
        );

        let expected = match (mine.unwrap().answers[0], theirs.unwrap().answers[0]) {
            (Settled::Recorded, Settled::Stale) => CommandStatus::Completed,
            (Settled::Stale, Settled::Recorded) => CommandStatus::Failed,
            both => panic!("{both:?}"),
        };
        assert_eq!(bench.command(id).await.status, expected);
        assert_eq!(bench.trail(id.as_uuid()).await.len(), 3);
    }
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn one_group_that_settles_a_command_twice_records_the_first() {
    let bench = Bench::new().await;
    let id = bench.sent(3).await;
    let token = bench.received().await.token;
    let twice = [Settlement { token, verdict: complete() }, Settlement { token, verdict: fail() }];

    assert_eq!(bench.store.settle(&PAYMENTS, &twice).await.unwrap().answers, [Settled::Recorded, Settled::Stale]);
    assert_eq!(bench.command(id).await.status, CommandStatus::Completed);
}

#[tokio::test]
async fn a_token_is_worth_nothing_after_its_delivery_was_given_back() {
    let bench = Bench::new().await;
    let id = bench.sent(3).await;
    let given_back = bench.received().await;
    assert_eq!(bench.settle(given_back.token, give_back()).await, Settled::Recorded);
    let before = bench.command(id).await;
    assert_eq!((before.status, before.attempts, before.delivery), (CommandStatus::Pending, 0, 1));

    assert_stale(&bench, &given_back).await;
    assert_eq!(bench.command(id).await, before);

    let next = bench.received().await;
    assert_eq!((next.attempt, next.token.delivery), (1, 2), "the attempt was not counted, the delivery was");
    assert_stale(&bench, &given_back).await;
    assert_eq!(bench.settle(next.token, complete()).await, Settled::Recorded);
}

#[tokio::test]
async fn a_delivery_that_another_worker_took_over_changes_nothing() {
    let bench = Bench::new().await;
    let id = bench.sent(3).await;
    let late = bench.received().await;
    bench.expire_leases().await;
    let current = bench.received().await;
    let before = (bench.command(id).await, bench.trail(id.as_uuid()).await);

    assert_stale(&bench, &late).await;

    assert_eq!((bench.command(id).await, bench.trail(id.as_uuid()).await), before);
    assert_eq!((bench.queued().await, bench.archived().await), (1, 0));
    assert_eq!(bench.store.renew(&PAYMENTS, &[late.token, current.token], LEASE).await.unwrap(), [false, true]);
    let mut transaction = bench.store.begin_handler(late.token, LEASE, None).await.unwrap();
    let settlement = Settlement { token: late.token, verdict: complete() };
    assert_eq!(bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap(), Settled::Stale);
    transaction.rollback().await.unwrap();
    assert_eq!(bench.settle(current.token, complete()).await, Settled::Recorded);
}

async fn assert_stale(bench: &Bench, late: &commandbus::store::Delivery) {
    for verdict in [complete(), fail(), park("NO_ACCOUNT"), retry(), give_back()] {
        assert_eq!(bench.settle(late.token, verdict).await, Settled::Stale);
    }
    assert_eq!(bench.store.renew(&PAYMENTS, &[late.token], LEASE).await.unwrap(), [false]);
}

#[tokio::test]
async fn a_renewed_lease_keeps_the_message_hidden() {
    let bench = Bench::new().await;
    bench.sent(3).await;
    let delivery = bench.received().await;
    bench.expire_leases().await;

    assert_eq!(bench.store.renew(&PAYMENTS, &[delivery.token], LEASE).await.unwrap(), [true]);

    assert!(bench.receive().await.deliveries.is_empty());
    assert_eq!(bench.settle(delivery.token, complete()).await, Settled::Recorded);
}

#[tokio::test]
async fn two_receivers_never_get_the_same_delivery() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    let commands: Vec<_> = (0..200).map(|_| crate::support::debit(3)).collect();
    bench.send(&commands).await;

    let drain = async |store: &commandbus::store::postgres::PostgresStore| {
        let mut taken = Vec::new();
        loop {
            let deliveries = store.receive(&PAYMENTS, 7, LEASE).await.unwrap().deliveries;
            if deliveries.is_empty() {
                return taken;
            }
            taken.extend(deliveries.into_iter().map(|delivery| delivery.token.command_id));
        }
    };
    let (mut taken, theirs) = tokio::join!(drain(&bench.store), drain(&other));

    taken.extend(theirs);
    taken.sort();
    let mut sent: Vec<_> = commands.iter().map(|command| command.command_id).collect();
    sent.sort();
    assert_eq!(taken, sent);
}
