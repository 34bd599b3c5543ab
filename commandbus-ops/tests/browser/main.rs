//! The pages in a real browser: Chromium without a window, over WebDriver, on a database that real workers fill.
//!
//! They need `apt-get install chromium chromium-driver`, and `npm ci` in this folder. What they saw is kept in
//! `target/screenshots/`. `UPDATE_IMAGES=1 cargo test --workspace --test browser images` makes the images of the README anew.

mod browser;
mod driver;
mod shop;

#[tokio::test]
async fn probe() {
    let shop = shop::Shop::filled().await;
    let browser = browser::Browser::at(&shop.url).await;
    browser.open("api/commands").await;
    println!("{}", browser.text().await);
    browser.keep("probe").await;
    println!("{:?}", browser.complaints().await);
}
