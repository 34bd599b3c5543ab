//! What a test that looks at commands is told.

use std::sync::Arc;

use crate::{
    bus::{Bus, CommandExt},
    message::CommandStatus,
    store::memory::MemoryStore,
    testing::{outstanding, wait_for},
};

use super::*;

#[tokio::test]
async fn what_is_waited_for_may_be_so_already() {
    let bus = Bus::in_memory();
    let sent = DebitAccount { cents: 5 }.send(&bus).await.unwrap();
    let found = wait_for(&bus, sent.domain(), sent.id(), CommandStatus::Pending).await;
    assert_eq!((found.command_id, found.attempts), (sent.id(), 0));
}

#[tokio::test]
#[should_panic(expected = "to be COMPLETED, but it is CANCELED")]
async fn what_ended_otherwise_is_not_waited_for() {
    let bus = Bus::in_memory();
    let sent = DebitAccount { cents: 5 }.send(&bus).await.unwrap();
    bus.commands().cancel(sent.domain(), sent.id(), "olga", "a mistake").await.unwrap();
    wait_for(&bus, sent.domain(), sent.id(), CommandStatus::Completed).await;
}

#[tokio::test]
async fn what_has_ended_is_not_outstanding() {
    let store = Arc::new(MemoryStore::new());
    let bus = Bus::from_store(store.clone());
    assert!(outstanding::<DebitAccount>(&store).await.is_empty());
    for cents in [5, 6, 7] {
        let sent = DebitAccount { cents }.send(&bus).await.unwrap();
        Notify { who: "payer".into() }.send(&bus).await.unwrap();
        if cents == 6 {
            bus.commands().cancel(sent.domain(), sent.id(), "olga", "a mistake").await.unwrap();
        }
    }
    let cents: Vec<_> = outstanding::<DebitAccount>(&store).await.iter().map(|command| command.cents).collect();
    assert_eq!(cents, [5, 7]);
}
