//! How a callback may end, and what it may look like: it changes nothing.

use std::fmt;

use commandbus::{message::BatchStatus, prelude::*};

use super::recorded_ends;
use crate::{
    house::{AtWork, DebitAccount, Does::Succeed, House, debit},
    logs,
    time::until,
};

/// Runs a batch with a callback that goes wrong, and returns what was logged about it.
async fn logged_for<Fut, O>(callback: impl FnOnce(BatchMetadata) -> Fut + Send + 'static) -> Vec<String>
where
    Fut: commandbus::bus::CallbackFuture<O> + Send + 'static,
    O: commandbus::bus::CallbackOutput,
{
    logs::keep();
    let house = House::new().await;
    let batch = DebitAccount::batch("Monthly billing")
        .extend([debit(Succeed), debit(Succeed)])
        .on_complete(callback)
        .send(&house.bus)
        .await
        .unwrap();
    let worker = AtWork::start(house.worker());

    until(async || !logs::errors_about(batch.id()).is_empty()).await;
    let status: String = house.ask("select status from commandbus.batch").await;
    assert_eq!(status, "COMPLETED");
    assert_eq!(recorded_ends(&house, &batch).await, 1);

    // The worker has not noticed: it is well, and handles the next one.
    assert!(worker.monitor.health().is_ready());
    let next = DebitAccount::batch("The next one").push(debit(Succeed)).send(&house.bus).await.unwrap();
    assert_eq!(next.wait().await.unwrap().status, BatchStatus::Completed);
    worker.stop().await;
    logs::errors_about(batch.id())
}

#[derive(Debug)]
struct MailServerDown;

impl fmt::Display for MailServerDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mail server is down")
    }
}

#[tokio::test]
async fn s043_an_error_of_the_callback_is_logged_and_changes_nothing() {
    let logged = logged_for(|_| async { Err::<(), _>(MailServerDown) }).await;
    let [line] = logged.as_slice() else { panic!("{logged:?}") };
    assert!(line.contains("the callback of the batch failed"), "{line}");
    assert!(line.contains("the mail server is down"), "{line}");
}

#[tokio::test]
async fn s043_a_panic_of_the_callback_is_logged_and_changes_nothing() {
    let logged = logged_for(|batch| async move {
        assert_eq!(batch.total_count, 0, "an empty summary");
    })
    .await;
    let [line] = logged.as_slice() else { panic!("{logged:?}") };
    assert!(line.contains("the callback of the batch panicked"), "{line}");
    assert!(line.contains("an empty summary"), "{line}");
}

#[tokio::test]
async fn s043_a_panic_before_the_callback_is_awaited_is_logged_and_changes_nothing() {
    let logged = logged_for(|batch| {
        assert_eq!(batch.total_count, 0, "nothing to prepare");
        async {}
    })
    .await;
    let [line] = logged.as_slice() else { panic!("{logged:?}") };
    assert!(line.contains("the callback of the batch panicked"), "{line}");
}
