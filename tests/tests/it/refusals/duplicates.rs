//! Ids that are taken, also when two connections race for them.

use commandbus::{
    bus::{BatchError, SendError},
    error::StoreError,
    message::{BatchId, CommandId},
    prelude::*,
};

use crate::house::{DebitAccount, Does::Succeed, House, debit};

const ROUNDS: i64 = 20;

#[tokio::test]
async fn an_id_that_is_taken_is_named() {
    let house = House::new().await;
    let id = debit(Succeed).send(&house.bus).await.unwrap().id();

    let refused = debit(Succeed).send(&house.bus).id(id).await.unwrap_err();

    assert_eq!(
        refused.to_string(),
        format!(
            "domain `payments` has commands with these ids already: {id}. If they are yours, they were sent before; else \
             send under new ids"
        )
    );
    assert_eq!(house.tables().await, [1, 0, 1, 1]);
}

#[tokio::test]
async fn ids_that_are_taken_are_named_by_a_batch_that_is_refused() {
    let house = House::new().await;
    let id = debit(Succeed).send(&house.bus).await.unwrap().id();
    let batch = DebitAccount::batch("Monthly").push(debit(Succeed).with_id(id)).send(&house.bus);
    assert_eq!(
        batch.await.unwrap_err().to_string(),
        format!(
            "these ids are twice in the batch, or taken in domain `payments` already: {id}. Nothing was created; leave \
             out what was sent before, or give new ids"
        )
    );
    assert_eq!(house.tables().await, [1, 0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_connections_that_race_for_an_id_one_sends_it() {
    let house = House::new().await;
    let other = house.another_bus().await;
    for round in 1..=ROUNDS {
        let id = CommandId::new();
        let (one, two) = tokio::join!(
            tokio::spawn(debit(Succeed).send(&house.bus).id(id)),
            tokio::spawn(debit(Succeed).send(&other).id(id))
        );
        let refused = match (one.unwrap(), two.unwrap()) {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            both => panic!("{both:?}"),
        };
        assert!(matches!(&refused, SendError::DuplicateCommand { ids, .. } if *ids == [id]), "{refused}");
        assert_eq!(house.tables().await, [round, 0, round, round]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_batches_that_race_for_a_command_one_is_created() {
    let house = House::new().await;
    let other = house.another_bus().await;
    for round in 1..=ROUNDS {
        let shared = CommandId::new();
        let create = |bus: &Bus| {
            let members = [debit(Succeed).with_id(CommandId::new()), debit(Succeed).with_id(shared)];
            tokio::spawn(DebitAccount::batch("Monthly").extend(members).send(bus))
        };
        let (one, two) = tokio::join!(create(&house.bus), create(&other));
        let refused = match (one.unwrap(), two.unwrap()) {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            both => panic!("{both:?}"),
        };
        assert!(matches!(&refused, BatchError::DuplicateCommand { ids, .. } if *ids == [shared]), "{refused}");
        assert_eq!(house.tables().await, [2 * round, round, 2 * round, 2 * round]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_batches_that_race_for_an_id_one_is_created() {
    let house = House::new().await;
    let other = house.another_bus().await;
    for round in 1..=ROUNDS {
        let id = BatchId::new();
        let create = |bus: &Bus| tokio::spawn(DebitAccount::batch("Monthly").id(id).push(debit(Succeed)).send(bus));
        let (one, two) = tokio::join!(create(&house.bus), create(&other));
        let refused = match (one.unwrap(), two.unwrap()) {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            both => panic!("{both:?}"),
        };
        assert!(matches!(refused, BatchError::DuplicateBatch { id: taken, .. } if taken == id), "{refused}");
        assert_eq!(house.tables().await, [round; 4]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_large_batches_that_share_ids_in_opposite_orders_leave_one_or_none_but_no_half() {
    const SIZE: usize = 3_000;
    let house = House::new().await;
    let other = house.another_bus().await;
    let ids: Vec<CommandId> = (0..SIZE).map(|_| CommandId::new()).collect();
    let forwards = ids.clone().into_iter().map(|id| debit(Succeed).with_id(id));
    let backwards = ids.into_iter().rev().map(|id| debit(Succeed).with_id(id));

    let (one, two) = tokio::join!(
        tokio::spawn(DebitAccount::batch("Forwards").extend(forwards).send(&house.bus)),
        tokio::spawn(DebitAccount::batch("Backwards").extend(backwards).send(&other))
    );

    let created = [one.unwrap(), two.unwrap()].into_iter().filter_map(|batch| match batch {
        Ok(batch) => Some(batch),
        // They wait for each other in a circle, which PostgreSQL ends.
        Err(BatchError::DuplicateCommand { .. } | BatchError::Store(StoreError::Conflict { .. })) => None,
        Err(other) => panic!("{other}"),
    });
    let created = i64::try_from(created.count()).unwrap();
    assert_eq!(created, 1, "the one that the other gave way to");
    assert_eq!(house.tables().await, [SIZE as i64, 1, SIZE as i64, SIZE as i64]);
}
