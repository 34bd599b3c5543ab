//! Batches, queues, operations and waiting commands, steered through forms.

use axum::http::StatusCode;
use commandbus::store::ParkedFilter;
use serde_json::json;

use super::{ANN, house, leads_to};
use crate::{api::until, house::park};

#[tokio::test]
async fn a_command_that_waits_is_canceled_with_a_reason() {
    let (house, mut browser) = house(ANN).await;
    let id = house.send(json!({ "cents": 5 })).await;
    let place = format!("/commands/payments/{id}");
    assert!(browser.page(&place).await.contains("/cancel\""));
    let cancel = format!("{place}/cancel");
    let done = browser.fill_in(&cancel, &cancel, &[("reason", "a mistake")]).await;
    assert!(leads_to(&done).ends_with("?notice=canceled"));
    assert_eq!(house.status(id).await, "CANCELED");
    let again = browser.fill_in(&cancel, &cancel, &[("reason", "a mistake")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(!browser.page(&place).await.contains("/cancel\""), "what is over cannot be canceled");
}

#[tokio::test]
async fn a_queue_is_paused_and_resumed() {
    let (house, mut browser) = house(ANN).await;
    for (verb, says) in [("pause", "It is paused"), ("resume", "It goes on.")] {
        let done = browser.fill_in("/queues", &format!("/queues/payments/{verb}"), &[]).await;
        let place = leads_to(&done);
        let page = browser.page(place.trim_start_matches("../..")).await;
        assert!(page.contains(says), "{page}");
        let paused_at = house.bus.system().queues().await.unwrap()[0].paused_at;
        assert_eq!(paused_at.is_some(), verb == "pause");
        assert_eq!(browser.page("/overview").await.contains("payments has been paused for"), verb == "pause");
    }
}

#[tokio::test]
async fn a_batch_is_paused_resumed_retried_and_ended() {
    let (house, mut browser) = house(ANN).await;
    let id = house.batch_of(5).await;
    let place = format!("/batches/{id}");
    for (verb, says) in [("pause", "It is paused"), ("resume", "It goes on.")] {
        let done = browser.fill_in(&place, &format!("{place}/{verb}"), &[]).await;
        let page = browser.page(&format!("/batches/{}", leads_to(&done).rsplit('/').next().unwrap())).await;
        assert!(page.contains(says), "{page}");
    }
    house.settle(|| park("GONE")).await;
    let page = browser.page(&place).await;
    assert!(page.contains("5</strong> in troubleshooting") && page.contains("Why these are parked"), "{page}");
    assert!(page.contains("data-refresh"));
    let retry = format!("{place}/retry-parked");
    let begun = browser.fill_in(&retry, &retry, &[("reason", "again")]).await;
    assert!(leads_to(&begun).starts_with("../../operations/"));
    until(&browser.app, &format!("/api{place}"), |batch| batch["in_troubleshooting_count"] == 0).await;
    let cancel = format!("{place}/cancel-rest");
    assert!(
        leads_to(&browser.fill_in(&cancel, &cancel, &[("reason", "enough")]).await).ends_with("notice=rest-canceled")
    );
    let ended = browser.page(&place).await;
    assert!(ended.contains("completed with failures") && ended.contains("5</strong> canceled"), "{ended}");
    assert!(!ended.contains("data-refresh") && !ended.contains("method=\"post\""));
}

#[tokio::test]
async fn an_operation_that_nobody_goes_on_with_is_resumed_or_ended() {
    let (house, mut browser) = house(ANN).await;
    house.parked(2, "BANK_DOWN").await;
    let begin = async || {
        let ann = house.bus.troubleshooting().by("ann");
        ann.retry_all(&ParkedFilter::default()).await.unwrap().operation_id
    };
    let place = format!("/operations/{}", begin().await);
    assert!(browser.page(&place).await.contains("data-refresh=\"2\""));
    leads_to(&browser.fill_in(&place, &format!("{place}/cancel"), &[]).await);
    let ended = browser.page(&place).await;
    assert!(ended.contains("canceled") && !ended.contains("method=\"post\""));

    let place = format!("/operations/{}", begin().await);
    house.run("update commandbus.operation set updated_at = now() - interval '1 hour'").await;
    assert!(browser.page("/overview").await.contains("An operation of ann stopped with 2 to go"));
    assert!(browser.page(&place).await.contains("Go on with it"));
    leads_to(&browser.fill_in(&place, &format!("{place}/resume"), &[]).await);
    until(&browser.app, &format!("/api{place}"), |operation| operation["done_count"] == 2).await;
}
