//! What an operator does, with a mouse.

use commandbus::message::CommandId;

use crate::{browser::Browser, shop::Shop};

async fn open(browser: &Browser, id: CommandId) {
    browser.open(&format!("troubleshooting/payments/{id}")).await;
}

#[tokio::test]
async fn one_command_each_is_retried_canceled_and_completed() {
    let shop = Shop::open().await;
    let ids = shop.park(3, "down").await;
    let browser = Browser::at(&shop.url).await;

    open(&browser, ids[0]).await;
    browser.click("Retry…").await;
    browser.fill("#reason", "the bank is back").await;
    browser.click("Retry the command").await;
    browser.until_it_says("The command was sent again.").await;
    // It runs into the same error, and is parked again: two attempts, and the reason in its history.
    shop.until_parked(3).await;
    browser.open(&format!("commands/payments/{}", ids[0])).await;
    browser.until_it_says("the bank is back").await;

    open(&browser, ids[1]).await;
    browser.click("Cancel…").await;
    browser.click("Cancel the command").await;
    // The browser itself asks for the reason.
    assert!(browser.path().await.ends_with("/cancel"));
    assert_eq!(shop.status(ids[1]).await, "IN_TROUBLESHOOTING_QUEUE");
    browser.fill("#reason", "ordered twice").await;
    browser.click("Cancel the command").await;
    browser.until_it_says("The command was canceled.").await;
    assert_eq!(shop.status(ids[1]).await, "CANCELED");
    browser.until_it_says("ordered twice").await;

    open(&browser, ids[2]).await;
    browser.click("Complete…").await;
    browser.fill("#result", "{ not json").await;
    browser.click("Complete the command").await;
    browser.until_it_says("JSON").await;
    assert_eq!(shop.status(ids[2]).await, "IN_TROUBLESHOOTING_QUEUE");
    browser.complaints().await;
    open(&browser, ids[2]).await;
    browser.click("Complete…").await;
    browser.fill("#result", "null").await;
    browser.fill("#reason", "paid in cash").await;
    browser.click("Complete the command").await;
    browser.until_it_says("The command was completed.").await;
    assert_eq!(shop.status(ids[2]).await, "COMPLETED");
    browser.assert_no_complaints("completing").await;
}

#[tokio::test]
async fn five_hundred_are_retried_by_their_cause() {
    let shop = Shop::open().await;
    shop.park(500, "down").await;
    shop.bank_is_back();
    let browser = Browser::at(&shop.url).await;
    browser.open("troubleshooting").await;
    browser.click("Retry all…").await;
    browser.until_it_says("500 parked commands").await;
    browser.fill("#reason", "the bank is back").await;
    browser.click("Retry 500 commands").await;
    browser.until_it_says("The operation has begun").await;
    // The page follows it by itself.
    browser.until_it_says("500 of 500").await;
    browser.keep("five-hundred").await;
    shop.until_parked(0).await;
    browser.open("operations").await;
    browser.until_it_says("olivia").await;
    browser.open("troubleshooting").await;
    browser.until_it_says("Nothing is parked").await;
    browser.assert_no_complaints("retrying many").await;
}

#[tokio::test]
async fn a_payload_is_edited_and_what_changes_is_shown_before_it_is_sent() {
    let shop = Shop::open().await;
    let id = shop.park_invalid().await;
    let browser = Browser::at(&shop.url).await;
    open(&browser, id).await;
    let text = browser.text().await;
    assert!(text.contains("***") && !text.contains("4000 0000"), "{text}");
    browser.click("Edit and retry…").await;
    browser.fill("#payload", r#"{"card": "***", "cents": 990}"#).await;
    browser.click("Show what changes").await;
    let (gone, new) = (browser.find("del").await, browser.find("ins").await);
    assert!(gone.text().await.unwrap().contains("-1"));
    assert!(new.text().await.unwrap().contains("990"));
    browser.keep("edit-and-retry").await;
    assert_eq!(shop.status(id).await, "IN_TROUBLESHOOTING_QUEUE", "nothing has changed yet");
    browser.fill("#reason", "the sign was wrong").await;
    browser.click("Retry with this payload").await;
    browser.until_it_says("The command was sent again.").await;
    shop.until_status(id, "COMPLETED").await;
    browser.assert_no_complaints("editing").await;
}
