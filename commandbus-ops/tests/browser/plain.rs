//! Without JavaScript.

use crate::{
    addresses,
    browser::{Browser, Scripts},
    shop::Shop,
};

#[tokio::test]
async fn without_javascript_every_page_opens_and_verbs_work() {
    let shop = Shop::filled().await;
    let id = shop.park(1, "down").await[0];
    let browser = Browser::with(&shop.url, Scripts::Blocked).await;
    for page in addresses::of(&shop).await {
        browser.open(&page).await;
        assert!(!browser.find("h1").await.text().await.unwrap().is_empty(), "{page}");
    }
    browser.open("process-batches").await;
    // What only shows where scripts do not run.
    browser.until_it_says("needs JavaScript").await;
    browser.open(&format!("troubleshooting/payments/{id}")).await;
    browser.click("Cancel…").await;
    browser.fill("#reason", "ordered twice").await;
    browser.click("Cancel the command").await;
    browser.until_it_says("The command was canceled.").await;
    assert_eq!(shop.status(id).await, "CANCELED");
    browser.keep("without-javascript").await;
}
