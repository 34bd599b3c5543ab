use commandbus::message::{BatchId, BatchStatus, CommandId};
use commandbus::store::{Settled, Settlement, Store, Token};
use futures_util::future::join_all;

use super::assert_no_deadlock;
use crate::support::{Bench, LEASE, PAYMENTS, complete, debit, fail, park};

#[tokio::test]
async fn a_batch_whose_last_two_members_settle_at_once_ends_once() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..40 {
        let then = debit(5);
        let follower = then.command_id;
        let (batch, _) = bench.batch_of(2, Some(then)).await;
        let tokens: Vec<Token> = bench.receive().await.deliveries.iter().map(|delivery| delivery.token).collect();
        let mine = Settlement { token: tokens[0], verdict: complete() };
        let theirs = Settlement { token: tokens[1], verdict: fail() };

        let (mine, theirs) = tokio::join!(
            bench.store.settle(&PAYMENTS, std::slice::from_ref(&mine)),
            other.settle(&PAYMENTS, std::slice::from_ref(&theirs)),
        );

        let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
        assert_eq!((mine.answers[0], theirs.answers[0]), (Settled::Recorded, Settled::Recorded));
        if mine.unfolded || theirs.unfolded {
            bench.store.fold_batches(&PAYMENTS).await.unwrap();
        }
        assert_eq!(bench.batch(batch).await.status, BatchStatus::CompletedWithFailures);
        assert_eq!(bench.trail(batch.as_uuid()).await, ["BATCH_STARTED", "BATCH_COMPLETED"]);
        let delivery = bench.received().await;
        assert_eq!((delivery.token.command_id, delivery.max_attempts), (follower, 5));
        bench.settle(delivery.token, complete()).await;
        assert!(bench.receive().await.deliveries.is_empty(), "it was sent once");
    }
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn groups_over_the_same_batches_in_opposite_orders_do_not_deadlock() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..20 {
        let mut batches = Vec::new();
        for _ in 0..4 {
            batches.push(bench.batch_of(2, None).await);
        }
        let received = bench.receive().await;
        let member = |id: &CommandId| {
            let delivery = received.deliveries.iter().find(|delivery| delivery.token.command_id == *id).unwrap();
            Settlement { token: delivery.token, verdict: complete() }
        };
        let mine: Vec<Settlement> = batches.iter().map(|(_, ids)| member(&ids[0])).collect();
        let theirs: Vec<Settlement> = batches.iter().rev().map(|(_, ids)| member(&ids[1])).collect();

        let (mine, theirs) = tokio::join!(bench.store.settle(&PAYMENTS, &mine), other.settle(&PAYMENTS, &theirs));

        let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
        assert!(mine.answers.iter().chain(&theirs.answers).all(|settled| *settled == Settled::Recorded));
        if mine.unfolded || theirs.unfolded {
            bench.store.fold_batches(&PAYMENTS).await.unwrap();
        }
        for (batch, _) in batches {
            assert_eq!(bench.batch(batch).await.status, BatchStatus::Completed);
            assert_eq!(bench.trail(batch.as_uuid()).await, ["BATCH_STARTED", "BATCH_COMPLETED"]);
        }
    }
    assert_no_deadlock(bench, [other]).await;
}

/// Settles one delivery in a transaction of its own, as a transactional handler does.
async fn settle_in_transaction(bench: &Bench, settlement: &Settlement) {
    let mut transaction = bench.store.begin_handler(settlement.token, LEASE, None).await.unwrap();
    let settled = bench.store.settle_within(&mut transaction, &PAYMENTS, settlement).await.unwrap();
    assert_eq!(settled, Settled::Recorded);
    transaction.commit().await.unwrap();
}

/// Whether the counts that readers see are those of the commands, in one snapshot.
async fn assert_exact(bench: &Bench, batch: BatchId) -> bool {
    let (ended, exact): (bool, bool) = sqlx::query_as(
        "select s.status like 'COMPLETED%',
                (s.completed_count, s.failed_count, s.in_troubleshooting_count) = (
                    select (count(*) filter (where status = 'COMPLETED'))::int,
                           (count(*) filter (where status = 'FAILED'))::int,
                           (count(*) filter (where status = 'IN_TROUBLESHOOTING_QUEUE'))::int
                    from commandbus.command c where c.batch_id = s.batch_id)
         from commandbus.batch_status s where s.batch_id = $1",
    )
    .bind(batch.as_uuid())
    .fetch_one(&bench.pool)
    .await
    .unwrap();
    assert!(exact);
    ended
}

#[tokio::test]
async fn transactional_settlements_of_one_batch_count_exactly_at_every_commit() {
    const MEMBERS: usize = 60;
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(MEMBERS, None).await;
    let settlements: Vec<Settlement> = bench
        .receive()
        .await
        .deliveries
        .iter()
        .enumerate()
        .map(|(n, delivery)| {
            let verdict = match n % 10 {
                0 => fail(),
                1 => park("NO_ACCOUNT"),
                _ => complete(),
            };
            Settlement { token: delivery.token, verdict }
        })
        .collect();
    assert_eq!(settlements.len(), MEMBERS);
    let done = std::sync::atomic::AtomicUsize::new(0);
    let under_way = || done.load(std::sync::atomic::Ordering::Relaxed) < 3;
    let lane = async |settlements: &[Settlement]| {
        for settlement in settlements {
            settle_in_transaction(&bench, settlement).await;
        }
        done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let fold = async {
        while under_way() {
            bench.store.fold_batches(&PAYMENTS).await.unwrap();
        }
    };
    let watch = async {
        let mut looks = 0;
        while under_way() {
            assert!(!assert_exact(&bench, batch).await, "it ended although members are parked");
            looks += 1;
        }
        looks
    };

    let (.., looks) = tokio::join!(join_all(settlements.chunks(MEMBERS / 3).map(lane)), fold, watch);

    assert!(looks > 0);
    bench.store.fold_batches(&PAYMENTS).await.unwrap();
    assert_exact(&bench, batch).await;
    let counted = bench.batch(batch).await;
    assert_eq!((counted.completed_count, counted.failed_count, counted.in_troubleshooting_count), (48, 6, 6));
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.batch_delta").await, 0);
}

/// A handler may take minutes after it wrote: nobody may wait for its commit because of a count.
#[tokio::test]
async fn a_transaction_that_has_settled_holds_up_nobody_who_counts_in_the_same_batch() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(3, None).await;
    let received = bench.receive().await;
    let settlement = |n: usize| Settlement { token: received.deliveries[n].token, verdict: complete() };
    let mut open = bench.store.begin_handler(settlement(0).token, LEASE, None).await.unwrap();
    assert_eq!(bench.store.settle_within(&mut open, &PAYMENTS, &settlement(0)).await.unwrap(), Settled::Recorded);

    let free = "select count(*) from (select from commandbus.batch for update skip locked) as b";
    assert_eq!(bench.ask::<i64>(free).await, 1, "the row of the batch is locked until the handler commits");
    let settled = bench.store.settle(&PAYMENTS, &[settlement(1)]).await.unwrap();
    assert_eq!(settled.answers, [Settled::Recorded]);
    assert_eq!(bench.batch(batch).await.completed_count, 1);

    open.commit().await.unwrap();
    settle_in_transaction(&bench, &settlement(2)).await;
    bench.store.fold_batches(&PAYMENTS).await.unwrap();
    assert!(assert_exact(&bench, batch).await);
}

#[tokio::test]
async fn the_fold_that_finds_the_last_member_ends_the_batch_once() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..20 {
        let (batch, _) = bench.batch_of(3, None).await;
        let settlements: Vec<Settlement> = bench
            .receive()
            .await
            .deliveries
            .iter()
            .map(|delivery| Settlement { token: delivery.token, verdict: complete() })
            .collect();
        join_all(settlements.iter().map(|settlement| settle_in_transaction(&bench, settlement))).await;
        let counted = bench.batch(batch).await;
        assert_eq!((counted.completed_count, counted.status), (3, BatchStatus::InProgress), "counted, not yet ended");

        let (mine, theirs) = tokio::join!(bench.store.fold_batches(&PAYMENTS), other.fold_batches(&PAYMENTS));

        assert!(mine.unwrap() + theirs.unwrap() >= 1);
        assert_eq!(bench.batch(batch).await.status, BatchStatus::Completed);
        assert_eq!(bench.trail(batch.as_uuid()).await, ["BATCH_STARTED", "BATCH_COMPLETED"]);
    }
    assert_no_deadlock(bench, [other]).await;
}

#[tokio::test]
async fn a_settlement_beside_a_fold_takes_over_what_is_unfolded() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(2, None).await;
    let received = bench.receive().await;
    settle_in_transaction(&bench, &Settlement { token: received.deliveries[0].token, verdict: complete() }).await;

    assert_eq!(bench.settle(received.deliveries[1].token, complete()).await, Settled::Recorded);

    assert_eq!(bench.batch(batch).await.status, BatchStatus::Completed);
    assert_eq!(bench.store.fold_batches(&PAYMENTS).await.unwrap(), 0);
}
