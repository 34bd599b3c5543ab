use crate::{addresses, browser::Browser, shop::Shop};

#[tokio::test]
async fn every_page_opens_and_the_browser_has_nothing_to_complain_of() {
    let shop = Shop::filled().await;
    let browser = Browser::at(&shop.url).await;
    let pages = addresses::of(&shop).await;
    assert!(pages.len() > 20, "{pages:?}");
    for page in pages {
        browser.open(&page).await;
        let heading = browser.find("h1").await.text().await.unwrap();
        assert!(!heading.is_empty(), "{page}");
        browser.assert_no_complaints(&page).await;
        browser.keep(&addresses::file_name(&page)).await;
        // On a telephone nothing but tables is wider than the screen, and these have a bar of their own.
        browser.resize(390, 800).await;
        let too_wide = browser.client.execute("return document.documentElement.scrollWidth > innerWidth", vec![]).await;
        assert_eq!(too_wide.unwrap(), false, "{page}");
        browser.resize(1280, 900).await;
    }
}

#[tokio::test]
async fn a_policy_that_is_violated_would_be_seen() {
    let shop = Shop::open().await;
    let browser = Browser::at(&shop.url).await;
    browser.open("types").await;
    browser.assert_no_complaints("types").await;
    let script =
        "const script = document.createElement('script'); script.textContent = '1'; document.body.append(script)";
    browser.client.execute(script, vec![]).await.unwrap();
    let complaints = browser.complaints().await;
    assert!(complaints.iter().any(|complaint| complaint.contains("Content Security Policy")), "{complaints:?}");
}
