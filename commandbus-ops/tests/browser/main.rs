//! The pages in a real browser: Chromium without a window, over WebDriver, on a database that real workers fill.
//!
//! They need `apt-get install chromium chromium-driver`, and `npm ci` in this folder. What they saw is kept in
//! `target/screenshots/`. `UPDATE_IMAGES=1 cargo test --workspace --test browser images` makes the images of the README anew.

mod accessible;
mod addresses;
mod browser;
mod driver;
mod following;
mod images;
mod keyboard;
mod opening;
mod plain;
mod shop;
mod verbs;
