//! Without a mouse.

use fantoccini::key::Key;

use crate::{browser::Browser, shop::Shop};

/// Presses Tab until this has the focus; each stop on the way is seen.
async fn tab_to(browser: &Browser, text: &str) {
    let mut passed = Vec::new();
    for _ in 0..60 {
        browser.press(Key::Tab).await;
        let focus = "const at = document.activeElement; const style = getComputedStyle(at);
                     return [at.textContent.trim(), style.outlineStyle !== 'none' || style.boxShadow !== 'none', at.id];";
        let at = browser.client.execute(focus, vec![]).await.unwrap();
        assert_eq!(at[1], true, "one does not see where one is: {at}");
        if at[0] == text || at[2] == text {
            return;
        }
        passed.push(at[0].to_string());
    }
    panic!("`{text}` is not reached: {passed:?}");
}

#[tokio::test]
async fn a_command_is_retried_with_the_keyboard_alone() {
    let shop = Shop::open().await;
    let id = shop.park(1, "down").await[0];
    shop.bank_is_back();
    let browser = Browser::at(&shop.url).await;
    browser.open("troubleshooting/items").await;
    tab_to(&browser, "Skip to the content").await;
    browser.press(Key::Enter).await;
    tab_to(&browser, "ChargeCard").await;
    browser.press(Key::Enter).await;
    browser.until_path_ends(&id.to_string()).await;
    tab_to(&browser, "Retry…").await;
    browser.press(Key::Enter).await;
    browser.until_path_ends("/retry").await;
    tab_to(&browser, "reason").await;
    browser.write("the bank is back").await;
    tab_to(&browser, "Retry the command").await;
    browser.press(Key::Enter).await;
    browser.until_it_says("The command was sent again.").await;
    shop.until_status(id, "COMPLETED").await;
}
