//! Who looks, and changes nothing.

use commandbus::{
    error::StoreError,
    message::CommandStatus,
    prelude::*,
    store::{AuditFilter, BatchFilter, CommandFilter, Page, ParkedFilter, ProcessFilter},
};

use super::logins::{FOR_THE_OWNER, Guarded};
use crate::{
    house::{AtWork, DebitAccount, Does, debit},
    support::PAYMENTS,
    time::soon,
};

#[tokio::test]
async fn a_reader_sees_what_operators_see_and_can_change_nothing() {
    let guarded = Guarded::new().await;
    let house = &guarded.house;
    let login = guarded.login(&["commandbus_reader"]).await;
    let bus = &login.bus;
    let parked = debit(Does::Park).send(&house.bus).await.unwrap().id();
    let batch = DebitAccount::batch("Monthly").push(debit(Does::Succeed)).send(&house.bus).await.unwrap();
    let worker = AtWork::start(house.worker());
    house.until_status(parked, CommandStatus::InTroubleshooting).await;
    soon(batch.wait()).await.unwrap();
    worker.stop().await;

    assert_eq!(bus.commands().list(&CommandFilter::default(), Page::first(10)).await.unwrap().len(), 2);
    assert_eq!(bus.commands().search(&CommandFilter::default(), Page::first(10)).await.unwrap().items.len(), 2);
    assert_eq!(bus.commands().count(&CommandFilter::default(), 10).await.unwrap().count, 2);
    let seen = bus.commands().get(&PAYMENTS, parked).await.unwrap().unwrap();
    assert!(bus.commands().payload(&seen).await.unwrap().is_some());
    assert!(!bus.audit().of_command(&PAYMENTS, parked).await.unwrap().is_empty());
    assert!(!bus.audit().search(&AuditFilter::default(), Page::first(10)).await.unwrap().items.is_empty());
    assert_eq!(bus.troubleshooting().list(&ParkedFilter::default(), Page::first(10)).await.unwrap().len(), 1);
    assert_eq!(bus.troubleshooting().groups(&ParkedFilter::default()).await.unwrap().len(), 1);
    bus.troubleshooting().show(&PAYMENTS, parked).await.unwrap();
    assert_eq!(bus.batches().list(&BatchFilter::default(), Page::first(10)).await.unwrap().items.len(), 1);
    bus.processes().list(&ProcessFilter::default(), Page::first(10)).await.unwrap();
    assert!(bus.system().queues().await.unwrap().len() > 1);
    bus.system().workers().await.unwrap();
    bus.system().throughput(10).await.unwrap();
    bus.system().latency().await.unwrap();
    bus.system().diagnose().await.unwrap();
    assert!(bus.system().versions().await.unwrap().schema.is_some());
    bus.store().inventory().await.unwrap();

    let refused = debit(Does::Succeed).send(bus).await.unwrap_err().to_string();
    assert!(refused.contains("may not do that"), "{refused}");
    let retry = bus.troubleshooting().by("ada").retry(&PAYMENTS, parked).await.unwrap_err();
    assert!(matches!(retry, commandbus::ops::OpsError::Store(StoreError::NotPermitted { .. })), "{retry}");
    login.is_refused(FOR_THE_OWNER).await;
    let tables: Vec<String> = house
        .column(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('commandbus', 'pgmq')",
        )
        .await;
    for table in &tables {
        let insert = format!("insert into {table} select");
        login.is_refused(&[&insert, &format!("delete from {table}"), &format!("truncate {table}")]).await;
    }
    guarded.end([login]).await;
}
