//! Pages that keep themselves fresh.

use crate::{browser::Browser, shop::Shop};

#[tokio::test]
async fn a_process_batch_finishes_before_the_eyes_of_who_watches() {
    let shop = Shop::open().await;
    let batch = shop.orders(12).await;
    let browser = Browser::at(&shop.url).await;
    browser.open(&format!("process-batches/{batch}")).await;
    browser.until_it_says("12 open").await;
    // Lost when the page is loaded again.
    browser.client.execute("window.stayed = true", vec![]).await.unwrap();

    shop.let_out(5);
    browser.until_it_says("5 completed").await;
    browser.keep("process-batch-half-way").await;
    shop.let_out(7);
    browser.until_it_says("12 completed").await;
    browser.until_it_says("0 open").await;
    let stayed = browser.client.execute("return window.stayed === true", vec![]).await.unwrap();
    assert_eq!(stayed, true, "the page was loaded again");
    // There is nothing more to wait for.
    let refresh = "return document.querySelector('main').hasAttribute('data-refresh')";
    assert_eq!(browser.client.execute(refresh, vec![]).await.unwrap(), false);
    browser.assert_no_complaints("following").await;
}

#[tokio::test]
async fn refreshing_is_switched_off_and_on_in_the_address() {
    let shop = Shop::open().await;
    let batch = shop.orders(2).await;
    let browser = Browser::at(&shop.url).await;
    let refresh = "return document.querySelector('main').getAttribute('data-refresh')";
    browser.open(&format!("process-batches/{batch}")).await;
    assert_eq!(browser.client.execute(refresh, vec![]).await.unwrap(), "2");
    browser.click("off").await;
    browser.until_path_ends("refresh=0").await;
    assert!(browser.client.execute(refresh, vec![]).await.unwrap().is_null());
    browser.click("5 s").await;
    browser.until_path_ends("refresh=5").await;
    assert_eq!(browser.client.execute(refresh, vec![]).await.unwrap(), "5");
}
