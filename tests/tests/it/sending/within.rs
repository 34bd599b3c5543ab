//! In the caller's transaction.

use commandbus::{
    bus::{BatchError, SendError},
    message::{BatchStatus, CommandId},
    prelude::*,
};

use crate::{
    house::{AtWork, DebitAccount, Does::Succeed, House, debit},
    time::soon,
};

async fn house_with_orders() -> House {
    let house = House::new().await;
    house.run("create table orders (n int)").await;
    house
}

#[tokio::test]
async fn a_command_comes_to_be_with_the_callers_commit() {
    let house = house_with_orders().await;
    let worker = AtWork::start(house.worker());

    let mut transaction = house.pool.begin().await.unwrap();
    sqlx::query("insert into orders values (1)").execute(&mut *transaction).await.unwrap();
    let uncommitted = debit(Succeed).send(&house.bus).within(&mut transaction).await.unwrap();
    assert_eq!(house.tables().await, [0, 0, 0, 0]);
    transaction.commit().await.unwrap();

    let id = uncommitted.id();
    let sent = uncommitted.committed();
    assert_eq!(sent.id(), id);
    assert_eq!(soon(sent.reply()).await.unwrap().cents, 950);
    let together: bool = house
        .ask("select (select xmin::text from orders) = (select a.xmin::text from commandbus.audit a where event_type = 'SENT')")
        .await;
    assert!(together);
    worker.stop().await;
}

#[tokio::test]
async fn a_command_goes_with_the_callers_rollback() {
    let house = house_with_orders().await;
    let mut transaction = house.pool.begin().await.unwrap();
    let uncommitted = debit(Succeed).send(&house.bus).within(&mut transaction).await.unwrap();
    transaction.rollback().await.unwrap();

    assert_eq!(house.tables().await, [0, 0, 0, 0]);
    // Its id is free again.
    let sent = debit(Succeed).send(&house.bus).id(uncommitted.id()).await.unwrap();
    assert_eq!(sent.id(), uncommitted.id());
}

#[tokio::test]
async fn a_duplicate_leaves_the_callers_transaction_usable() {
    let house = house_with_orders().await;
    let taken = debit(Succeed).send(&house.bus).await.unwrap().id();

    let mut transaction = house.pool.begin().await.unwrap();
    let refused = debit(Succeed).send(&house.bus).id(taken).within(&mut transaction).await.unwrap_err();
    assert!(matches!(&refused, SendError::DuplicateCommand { ids, .. } if *ids == [taken]), "{refused}");
    sqlx::query("insert into orders values (2)").execute(&mut *transaction).await.unwrap();
    let other = debit(Succeed).send(&house.bus).within(&mut transaction).await.unwrap();
    let again = debit(Succeed).send(&house.bus).id(other.id()).within(&mut transaction).await.unwrap_err();
    assert!(matches!(again, SendError::DuplicateCommand { .. }), "sent twice in one transaction: {again}");
    transaction.commit().await.unwrap();

    assert_eq!(house.column::<i32>("select n from orders").await, [2]);
    assert_eq!(house.tables().await, [2, 0, 2, 2]);
}

#[tokio::test]
async fn a_refused_batch_leaves_the_callers_transaction_usable() {
    let house = house_with_orders().await;
    let taken = debit(Succeed).send(&house.bus).await.unwrap().id();
    let mut transaction = house.pool.begin().await.unwrap();
    sqlx::query("insert into orders values (3)").execute(&mut *transaction).await.unwrap();

    let with_taken = DebitAccount::batch("Refused").push(debit(Succeed)).push(debit(Succeed).with_id(taken));
    let refused = with_taken.send(&house.bus).within(&mut transaction).await.unwrap_err();
    assert!(matches!(refused, BatchError::DuplicateCommand { .. }), "{refused}");
    let nothing: [DebitAccount; 0] = [];
    let empty = DebitAccount::batch("Empty").extend(nothing).send(&house.bus).within(&mut transaction).await;
    assert!(matches!(empty, Err(BatchError::EmptyBatch)));
    let good = DebitAccount::batch("Good").push(debit(Succeed)).send(&house.bus);
    let batch = good.within(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();

    assert_eq!(house.column::<i32>("select n from orders").await, [3]);
    assert_eq!(house.tables().await, [2, 1, 2, 2]);
    let worker = AtWork::start(house.worker());
    assert_eq!(soon(batch.committed().wait()).await.unwrap().status, BatchStatus::Completed);
    worker.stop().await;
}

#[tokio::test]
async fn a_pooled_connection_without_a_transaction_sends_at_once() {
    let house = House::new().await;
    let mut connection = house.pool.acquire().await.unwrap();
    let id = CommandId::new();
    debit(Succeed).send(&house.bus).id(id).within(&mut connection).await.unwrap();
    assert_eq!(house.command(id).await.command_id, id);
}
