//! Nobody is kept out: axe-core looks at each page, in light and in dark.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{addresses, browser::Browser, shop::Shop};

fn axe() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let file = folder.join("node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; `npm ci` in {} puts it there", file.display(), folder.display()))
}

/// What is serious or critical on the page that is open.
async fn faults(browser: &Browser, axe: &str) -> Vec<String> {
    browser.client.execute(axe, vec![]).await.unwrap();
    let run = "const done = arguments[arguments.length - 1];
               axe.run(document, { resultTypes: ['violations'] }).then(done, (error) => done(String(error)));";
    let found = browser.client.execute_async(run, vec![]).await.unwrap();
    let violations = found["violations"].as_array().unwrap_or_else(|| panic!("axe did not run: {found}"));
    let is_grave =
        |violation: &&Value| ["serious", "critical"].contains(&violation["impact"].as_str().unwrap_or_default());
    violations
        .iter()
        .filter(is_grave)
        .map(|violation| {
            let nodes: Vec<Value> =
                violation["nodes"].as_array().into_iter().flatten().map(|node| node["html"].clone()).collect();
            format!("{}: {} {}", violation["id"], violation["help"], json!(nodes))
        })
        .collect()
}

#[tokio::test]
async fn axe_finds_no_serious_fault_on_any_page_in_light_and_dark() {
    let axe = axe();
    let shop = Shop::filled().await;
    let browser = Browser::at(&shop.url).await;
    let mut found = Vec::new();
    for page in addresses::of(&shop).await {
        browser.open(&page).await;
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            found.extend(faults(&browser, &axe).await.into_iter().map(|fault| format!("{page} ({scheme}): {fault}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn a_serious_fault_would_be_found() {
    let shop = Shop::open().await;
    let browser = Browser::at(&shop.url).await;
    browser.open("types").await;
    browser
        .client
        .execute("document.querySelector('main').append(document.createElement('input'))", vec![])
        .await
        .unwrap();
    let found = faults(&browser, &axe()).await;
    assert!(found.iter().any(|fault| fault.contains("label")), "{found:?}");
}
