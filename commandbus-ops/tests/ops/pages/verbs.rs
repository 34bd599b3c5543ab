//! What operators do through forms, to one parked command and to many.

use axum::http::StatusCode;
use serde_json::json;

use super::{ANN, filled::fill, house, leads_to, plain};
use crate::{
    api::{get, until},
    house::PAYMENTS,
};

#[tokio::test]
async fn each_verb_asks_once_more_does_it_and_tells_so() {
    let (house, mut browser) = house(ANN).await;
    let ids = house.parked(3, "GONE").await;
    for (n, verb, fields, status, notice) in [
        (0, "retry", vec![("reason", "it was reopened")], "PENDING", "The command was sent again."),
        (1, "cancel", vec![("reason", "too late")], "CANCELED", "The command was canceled."),
        (
            2,
            "complete",
            vec![("reason", "by hand"), ("result", "{\"by\": \"hand\"}")],
            "COMPLETED",
            "The command was completed.",
        ),
    ] {
        let path = format!("/troubleshooting/payments/{}/{verb}", ids[n]);
        let answer = browser.fill_in(&path, &path, &fields).await;
        let place = leads_to(&answer);
        assert!(place.starts_with("../../../commands/payments/"), "{place}");
        assert_eq!(house.status(ids[n]).await, status);
        let page = browser.page(place.trim_start_matches("../../..")).await;
        assert!(page.contains(notice), "{page}");
        assert!(page.contains(fields[0].1), "the audit trail says why");
        assert!(page.contains("ann"), "and who");

        let late = browser.open(&path).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(late.text.contains("no longer in troubleshooting"), "{}", late.text);
    }
}

#[tokio::test]
async fn a_cancel_without_a_reason_and_a_result_that_is_no_json_change_nothing() {
    let (house, mut browser) = house(ANN).await;
    let ids = house.parked(1, "GONE").await;
    let place = format!("/troubleshooting/payments/{}", ids[0]);
    for (verb, fields, says) in [
        ("cancel", vec![("reason", "  ")], "Say why"),
        ("complete", vec![("result", "{oops")], "The result is no JSON"),
    ] {
        let path = format!("{place}/{verb}");
        let refused = browser.fill_in(&path, &path, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains(says), "{}", refused.text);
    }
    assert_eq!(house.status(ids[0]).await, "IN_TROUBLESHOOTING_QUEUE");
}

#[tokio::test]
async fn an_edited_payload_is_shown_beside_the_old_one_before_it_is_sent() {
    let (house, mut browser) = house(ANN).await;
    let filled = fill(&house).await;
    let place = format!("/troubleshooting/payments/{}", filled.card);
    let edit = format!("{place}/edit");

    let wrong = browser.fill_in(&edit, &edit, &[("payload", "{\"cents\": 6,")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.contains("This is no JSON") && plain(&wrong.text).contains("{\"cents\": 6,"),
        "what was written stays"
    );

    let payload = "{\"card\": \"***\", \"cents\": 6}";
    let preview = browser.fill_in(&edit, &edit, &[("payload", payload)]).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
    let shown = plain(&preview.text);
    assert!(shown.contains("<del>-   \"cents\": 5</del>") && shown.contains("<ins>+   \"cents\": 6</ins>"), "{shown}");
    assert!(shown.contains("  \"card\": \"***\""), "{shown}");
    assert_eq!(house.status(filled.card).await, "IN_TROUBLESHOOTING_QUEUE", "nothing was done yet");

    let hidden = super::hidden_fields(&preview.text);
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.push(("reason", "a cent was missing"));
    leads_to(&browser.post(&format!("{place}/edited"), &fields).await);
    assert_eq!(house.status(filled.card).await, "PENDING");
    let stored = house.bus.store().admin().payload(&PAYMENTS, filled.card).await.unwrap();
    assert_eq!(stored, Some(json!({ "card": "4242 4242", "cents": 6 })), "the mask kept what is behind it");
}

#[tokio::test]
async fn chosen_ones_are_resolved_by_an_operation_that_one_can_follow() {
    let (house, mut browser) = house(ANN).await;
    let ids = house.parked(4, "BANK_DOWN").await;
    let confirm = format!("/troubleshooting/resolve?verb=CANCEL&all=false&id={}&id={}", ids[0], ids[2]);
    assert!(browser.page(&confirm).await.contains("Cancel 2 commands"));
    let careless = browser.fill_in(&confirm, "/troubleshooting/resolve", &[("reason", "")]).await;
    assert_eq!(careless.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", careless.text);

    let begun = browser.fill_in(&confirm, "/troubleshooting/resolve", &[("reason", "too late")]).await;
    let place = leads_to(&begun);
    let path = place.trim_start_matches("..").to_owned();
    let id = path.split(['/', '?']).nth(2).unwrap().to_owned();
    until(&browser.app, &format!("/api/operations/{id}"), |operation| operation["status"] == "COMPLETED").await;
    let page = browser.page(&path).await;
    for part in ["The operation has begun", "Cancel 2", "too late", "ann", "2 chosen", "2 of 2"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("data-refresh"), "it is over");
    assert_eq!(house.status(ids[0]).await, "CANCELED");
    assert_eq!(house.status(ids[1]).await, "IN_TROUBLESHOOTING_QUEUE");
    assert!(browser.page("/operations").await.contains("too late"));
}

#[tokio::test]
async fn everything_that_a_filter_finds_is_resolved_unless_it_finds_something_else_by_then() {
    let (house, mut browser) = house(ANN).await;
    house.parked(60, "BANK_DOWN").await;
    house.parked(2, "OTHER").await;
    let confirm = "/troubleshooting/resolve?verb=RETRY&all=true&error_code=BANK_DOWN";
    let page = browser.page(confirm).await;
    assert!(page.contains("60 parked commands") && page.contains("Retry 60 commands"));
    let mut counted = super::hidden_fields(&page);
    house.parked(1, "BANK_DOWN").await;
    let fields = |counted: &[(String, String)]| -> Vec<(String, String)> { counted.to_vec() };
    let stale = fields(&counted);
    let stale: Vec<(&str, &str)> = stale.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let refused = browser.post("/troubleshooting/resolve", &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("finds 61 now, not 60"), "{}", refused.text);

    counted = super::hidden_fields(&browser.page(confirm).await);
    // A form that forgot how many it showed takes nothing.
    let forgotten: Vec<(&str, &str)> = counted
        .iter()
        .filter(|(name, _)| name != "expected_count")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(browser.post("/troubleshooting/resolve", &forgotten).await.status, StatusCode::CONFLICT);
    let begun = browser.fill_in(confirm, "/troubleshooting/resolve", &[("reason", "the bank is back")]).await;
    let id = leads_to(&begun).split(['/', '?']).nth(2).unwrap().to_owned();
    until(&browser.app, &format!("/api/operations/{id}"), |operation| operation["done_count"] == 61).await;
    assert_eq!(get(&browser.app, "/api/troubleshooting/count").await["count"], 2);
}

#[tokio::test]
async fn a_page_of_them_may_be_taken_and_nothing_chosen_is_nothing_done() {
    let (house, mut browser) = house(ANN).await;
    let ids = house.parked(3, "BANK_DOWN").await;
    let list = browser.page("/troubleshooting/items?domain=payments").await;
    let on_page: Vec<String> = ids.iter().map(|id| format!("name=\"on_page\" value=\"{id}\"")).collect();
    assert!(on_page.iter().all(|input| list.contains(input)), "{list}");
    let query: String = ids.iter().map(|id| format!("&on_page={id}")).collect();
    let page = browser.page(&format!("/troubleshooting/resolve?domain=payments&all=page&verb=COMPLETE{query}")).await;
    assert!(page.contains("Complete 3 commands") && page.contains("name=\"result\""));
    let none = browser.open(&format!("/troubleshooting/resolve?domain=payments&all=false&verb=RETRY{query}")).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text.contains("Nothing is chosen"), "{}", none.text);
}
