//! Concurrent sends share transactions, and nothing else.

use std::time::Duration;

use commandbus::{
    bus::{SendError, Sent},
    error::StoreError,
    message::CommandId,
    prelude::*,
};
use futures_util::future::{join_all, try_join_all};
use tokio::{task::JoinHandle, time::timeout};
use uuid::Uuid;

use crate::{
    house::{DebitAccount, Does::Succeed, House, debit},
    time::soon,
};

const MANY: usize = 200;

type Sending = JoinHandle<Result<Sent<DebitAccount>, SendError>>;

fn send(house: &House, id: CommandId) -> Sending {
    tokio::spawn(debit(Succeed).send(&house.bus).id(id))
}

fn new_ids(count: usize) -> Vec<CommandId> {
    (0..count).map(|_| CommandId::new()).collect()
}

#[tokio::test]
async fn concurrent_sends_share_transactions_and_each_gets_its_own_answer() {
    let house = House::new().await;
    let ids = new_ids(MANY);

    let sent = try_join_all(ids.iter().map(|id| debit(Succeed).send(&house.bus).id(*id))).await.unwrap();

    assert_eq!(sent.iter().map(Sent::id).collect::<Vec<_>>(), ids);
    let stored: Vec<Uuid> = house.column("select command_id from commandbus.command order by command_id").await;
    assert_eq!(stored, ids.iter().map(CommandId::as_uuid).collect::<Vec<_>>());
    let transactions: i64 = house.ask("select count(distinct xmin::text) from commandbus.command").await;
    assert!(transactions <= MANY as i64 / 10, "{transactions} transactions for {MANY} commands");
}

#[tokio::test]
async fn a_duplicate_among_concurrent_sends_fails_only_its_caller() {
    let house = House::new().await;
    let mut ids = new_ids(MANY);
    let taken = debit(Succeed).send(&house.bus).await.unwrap().id();
    ids[MANY / 2] = taken;
    let twice = ids[MANY - 1];
    ids.push(twice);

    let answers = join_all(ids.iter().map(|id| debit(Succeed).send(&house.bus).id(*id))).await;

    let refused: Vec<CommandId> = answers
        .iter()
        .zip(&ids)
        .filter_map(|(answer, id)| match answer {
            Ok(sent) => {
                assert_eq!(sent.id(), *id);
                None
            }
            Err(SendError::DuplicateCommand { ids: named, .. }) => {
                assert_eq!(*named, [*id], "each is told of its own id");
                Some(*id)
            }
            Err(other) => panic!("{other}"),
        })
        .collect();
    assert_eq!(refused, [taken, twice]);
    assert_eq!(house.tables().await, [MANY as i64, 0, MANY as i64, MANY as i64]);
}

/// Sends fifty beside one whose id an open transaction holds, and returns when the fifty are through: the one that
/// waits, and the transaction.
async fn fifty_beside_one_held(house: &House) -> (Sending, sqlx::Transaction<'static, sqlx::Postgres>) {
    let held = CommandId::new();
    let mut holder = house.pool.begin().await.unwrap();
    debit(Succeed).send(&house.bus).id(held).within(&mut holder).await.unwrap();

    // Spawned together, they are waiting together when the first group is taken.
    let waiting = send(house, held);
    let others: Vec<Sending> = new_ids(50).into_iter().map(|id| send(house, id)).collect();
    // The holder lives until they are done.
    let answers = timeout(Duration::from_secs(10), join_all(others)).await.expect("they wait for the one held");
    assert!(answers.into_iter().all(|answer| answer.unwrap().is_ok()));
    assert!(!waiting.is_finished());
    assert_eq!(house.tables().await, [50, 0, 50, 50]);
    (waiting, holder)
}

#[tokio::test]
async fn an_open_transaction_holds_up_only_the_sender_of_its_id_who_is_told_of_the_duplicate() {
    let house = House::new().await;
    let (waiting, holder) = fifty_beside_one_held(&house).await;
    holder.commit().await.unwrap();
    let refused = soon(waiting).await.unwrap().unwrap_err();
    assert!(matches!(refused, SendError::DuplicateCommand { .. }), "{refused}");
    assert_eq!(house.tables().await, [51, 0, 51, 51]);
}

#[tokio::test]
async fn the_sender_of_an_id_held_by_a_transaction_that_rolls_back_sends_it() {
    let house = House::new().await;
    let (waiting, holder) = fifty_beside_one_held(&house).await;
    holder.rollback().await.unwrap();
    assert!(soon(waiting).await.unwrap().is_ok());
    assert_eq!(house.tables().await, [51, 0, 51, 51]);
}

#[tokio::test]
async fn the_sender_of_an_id_held_for_long_is_told_to_try_again() {
    let house = House::new().await;
    let (waiting, holder) = fifty_beside_one_held(&house).await;
    let refused = soon(waiting).await.unwrap().unwrap_err();
    assert!(matches!(&refused, SendError::Store(StoreError::Conflict { .. })), "{refused}");
    assert!(refused.to_string().contains("try again"), "{refused}");
    holder.rollback().await.unwrap();
    assert_eq!(house.tables().await, [50, 0, 50, 50]);
}

#[tokio::test]
async fn many_are_sent_a_thousand_in_a_transaction_in_the_order_they_come() {
    let house = House::new().await;
    let ids = new_ids(2_500);
    let sent = house.bus.send_many(ids.iter().map(|id| debit(Succeed).with_id(*id))).await.unwrap();
    assert_eq!(sent.iter().map(Sent::id).collect::<Vec<_>>(), ids);
    let chunks: Vec<i64> =
        house.column("select count(*) from commandbus.command group by xmin::text order by min(msg_id)").await;
    assert_eq!(chunks, [1_000, 1_000, 500]);
}

#[tokio::test]
async fn a_duplicate_among_many_stops_its_chunk_as_a_whole_and_the_earlier_ones_stand() {
    let house = House::new().await;
    let taken = debit(Succeed).send(&house.bus).await.unwrap().id();
    let mut ids = new_ids(3_000);
    ids[2_500] = taken;

    let stopped = house.bus.send_many(ids.iter().map(|id| debit(Succeed).with_id(*id))).await.unwrap_err();

    assert_eq!(stopped.sent, ids[..2_000]);
    assert!(matches!(&stopped.source, SendError::DuplicateCommand { ids, .. } if *ids == [taken]), "{stopped}");
    assert!(stopped.to_string().ends_with("(2000 commands of earlier chunks were sent)"), "{stopped}");
    assert_eq!(house.tables().await, [2_001, 0, 2_001, 2_001]);
}
