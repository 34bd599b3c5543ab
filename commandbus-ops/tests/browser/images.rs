//! The images of the README.

use std::{env, fs, path::Path};

use commandbus::store::{BatchFilter, Page, ProcessFilter};

use crate::{browser::Browser, shop::Shop};

#[tokio::test]
async fn images_of_the_readme_are_of_pages_that_are_there() {
    let shop = Shop::filled().await;
    shop.park(7, "down").await;
    let browser = Browser::at(&shop.url).await;
    browser.resize(1100, 720).await;
    let batches = shop.bus.batches().list(&BatchFilter::default(), Page::first(50)).await.unwrap().items;
    let evening = batches.iter().find(|batch| batch.name.as_deref() == Some("Orders of the evening")).unwrap();
    let processes = shop.bus.processes().list(&ProcessFilter::default(), Page::first(50)).await.unwrap();
    let undone =
        processes.iter().find(|process| process.error_code.is_some() && process.completed_at.is_some()).unwrap();

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    for (name, page, scheme) in [
        ("overview", "overview".to_owned(), "light"),
        ("troubleshooting", "troubleshooting".to_owned(), "light"),
        ("process-batch", format!("process-batches/{}", evening.batch_id), "light"),
        ("process", format!("processes/orders/{}", undone.process_id), "dark"),
    ] {
        browser.prefer(scheme).await;
        browser.open(&page).await;
        let image = browser.keep(&format!("image-{name}")).await;
        let file = folder.join(format!("{name}.png"));
        if env::var_os("UPDATE_IMAGES").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, image).unwrap();
        }
        assert!(file.is_file(), "{} is not there: run this test with UPDATE_IMAGES=1", file.display());
    }
}
