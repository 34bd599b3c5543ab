//! S091 and S092: processes know their batch. What the original says of its classes is read as ours: `ProcessMetadata`,
//! the columns that are selected, and what a start writes.

use commandbus::{
    message::{BatchId, ProcessId, ProcessMetadata},
    prelude::*,
    store::{Page, ProcessFilter},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    crowd::Crowd,
    hall::{Hall, ORDERS},
    order::Order,
};

/// The column as it is stored.
async fn stored(crowd: &Crowd, id: ProcessId) -> Option<Uuid> {
    let column = "select batch_id from commandbus.process where process_id = $1";
    sqlx::query_scalar(column).bind(id.as_uuid()).fetch_one(&crowd.house.pool).await.unwrap()
}

async fn listed(hall: &Hall, filter: &ProcessFilter) -> Vec<(ProcessId, Option<BatchId>)> {
    let found = hall.bus.processes().list(filter, Page::first(100)).await.unwrap();
    found.into_iter().map(|order| (order.process_id, order.batch_id)).collect()
}

async fn s091_ac1_what_is_known_of_a_process_includes_its_batch_which_may_be_none(hall: &Hall) {
    let (alone, batch) = (hall.start(Order::default()).await, BatchId::new());
    let member = Order::default().start(&hall.bus).in_batch(batch).await.unwrap();
    let none: Option<BatchId> = hall.order(alone).await.batch_id;
    assert_eq!((none, member.metadata().await.unwrap().batch_id), (None, Some(batch)));
    // And so it travels.
    for (id, written) in [(alone, json!(null)), (member.id(), json!(batch))] {
        let order = hall.order(id).await;
        let text = serde_json::to_value(&order).unwrap();
        assert_eq!(text["batch_id"], written);
        assert_eq!(serde_json::from_value::<ProcessMetadata>(text).unwrap(), order);
    }
}

async fn s091_ac2_whoever_asks_for_processes_is_told_their_batch(hall: &Hall) {
    let (alone, batch) = (hall.start(Order::default()).await, BatchId::new());
    let member = Order::default().start(&hall.bus).in_batch(batch).await.unwrap().id();
    assert_eq!(hall.order(member).await.batch_id, Some(batch));
    let all = listed(hall, &ProcessFilter::in_domain(ORDERS.clone())).await;
    assert_eq!(all, [(member, Some(batch)), (alone, None)]);
    let of_batch = listed(hall, &ProcessFilter::in_domain(ORDERS.clone()).of_batch(batch)).await;
    assert_eq!(of_batch, [(member, Some(batch))]);
}

#[tokio::test]
async fn s091_ac3_a_start_writes_the_batch_of_a_process() {
    let crowd = Crowd::new().await;
    let batch = BatchId::new();
    let member = Order::default().start(&crowd.house.bus).in_batch(batch).await.unwrap();
    assert_eq!(stored(&crowd, member.id()).await, Some(batch.as_uuid()));
    let alone = Order::default().start(&crowd.house.bus).await.unwrap();
    assert_eq!(stored(&crowd, alone.id()).await, None);
}

#[tokio::test]
async fn s091_ac4_every_way_to_start_hands_the_batch_over() {
    let crowd = Crowd::new().await;
    let (bus, batch) = (&crowd.house.bus, BatchId::new());
    let mut transaction = crowd.house.pool.begin().await.unwrap();
    let within = Order::default().start(bus).in_batch(batch).within(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(stored(&crowd, within.id()).await, Some(batch.as_uuid()));

    let ids = [ProcessId::new(), ProcessId::new()];
    let filled = Order::batch("Payroll").extend(ids.map(|id| Order::default().with_id(id))).start(bus).await.unwrap();
    for id in ids {
        assert_eq!(stored(&crowd, id).await, Some(filled.id().as_uuid()));
    }
}

#[tokio::test]
async fn s091_ac5_a_row_is_read_with_its_batch_or_none() {
    let crowd = Crowd::new().await;
    let batch = Uuid::now_v7();
    for (batch, expected) in [(None, None), (Some(batch), Some(BatchId::from_uuid(batch)))] {
        let id = ProcessId::new();
        // As another implementation writes it.
        sqlx::query(
            "insert into commandbus.process (domain, process_id, process_type, status, state, batch_id)
             values ('flow_orders', $1, 'Order', 'PENDING', '{}', $2)",
        )
        .bind(id.as_uuid())
        .bind(batch)
        .execute(&crowd.house.pool)
        .await
        .unwrap();
        let order = crowd.house.bus.processes().get(&ORDERS, id).await.unwrap().unwrap();
        assert_eq!(order.batch_id, expected);
    }
}

async fn s092_ac1_a_start_may_name_a_batch(hall: &Hall) {
    let batch = hall.bus.create_process_batch(ORDERS.as_str(), "Reports", 1).await.unwrap();
    Order::default().start(&hall.bus).await.unwrap();
    Order::default().start(&hall.bus).in_batch(batch).await.unwrap();
    let all = listed(hall, &ProcessFilter::in_domain(ORDERS.clone())).await;
    assert_eq!(all.iter().map(|(_, batch)| *batch).collect::<Vec<_>>(), [Some(batch), None]);
}

async fn s092_ac2_a_process_started_in_a_batch_is_known_with_it_to_its_end(hall: &Hall) {
    let batch = hall.bus.create_process_batch(ORDERS.as_str(), "Reports", 1).await.unwrap();
    let member = Order::default().start(&hall.bus).in_batch(batch).await.unwrap();
    assert_eq!(member.metadata().await.unwrap().batch_id, Some(batch));
    hall.open();
    assert_eq!(hall.end(member.id()).await.batch_id, Some(batch));
}

#[tokio::test]
async fn s092_ac3_the_batch_is_there_for_whoever_comes_later() {
    let crowd = Crowd::new().await;
    let batch = crowd.house.bus.create_process_batch(ORDERS.as_str(), "Reports", 1).await.unwrap();
    let member = Order::default().start(&crowd.house.bus).in_batch(batch).await.unwrap();
    assert_eq!(stored(&crowd, member.id()).await, Some(batch.as_uuid()));
    let elsewhere = Order::started(&crowd.house.another_bus().await, member.id());
    assert_eq!(elsewhere.metadata().await.unwrap().batch_id, Some(batch));
}

async fn s092_ac4_whether_the_batch_exists_is_not_checked(hall: &Hall) {
    hall.open();
    let nowhere = BatchId::new();
    let member = Order::default().start(&hall.bus).in_batch(nowhere).await.unwrap();
    assert_eq!(hall.end(member.id()).await.batch_id, Some(nowhere));
    assert!(hall.bus.batches().get(&ORDERS, nowhere).await.unwrap().is_none(), "nor is it created");
}

super::on_both! {
    s091_ac1_what_is_known_of_a_process_includes_its_batch_which_may_be_none,
    s091_ac2_whoever_asks_for_processes_is_told_their_batch,
    s092_ac1_a_start_may_name_a_batch,
    s092_ac2_a_process_started_in_a_batch_is_known_with_it_to_its_end,
    s092_ac4_whether_the_batch_exists_is_not_checked,
}
