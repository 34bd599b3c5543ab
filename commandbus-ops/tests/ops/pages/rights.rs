//! Who may look sees no buttons, and what they send without them is refused.

use axum::http::StatusCode;
use commandbus_ops::{Anybody, Options, Rights, router};

use super::{
    ANN, Browser, VIC,
    filled::{Filled, fill},
    hidden_fields, house,
    rendering::{LISTS, details, forms},
};

/// Every address that takes a form.
fn verbs(filled: &Filled) -> Vec<String> {
    let (parked, batch) = (filled.parked[0], filled.batch);
    let mut verbs: Vec<String> = ["retry", "cancel", "complete", "edit", "edited"]
        .map(|verb| format!("/troubleshooting/payments/{parked}/{verb}"))
        .to_vec();
    verbs.push("/troubleshooting/resolve".to_owned());
    verbs.push(format!("/commands/payments/{}/cancel", filled.done));
    verbs.extend(["cancel-rest", "retry-parked", "pause", "resume"].map(|verb| format!("/batches/{batch}/{verb}")));
    verbs.push("/processes/reporting/parked-replies/7/retry".to_owned());
    verbs.extend(["pause", "resume"].map(|verb| format!("/queues/payments/{verb}")));
    verbs.extend(["cancel", "resume"].map(|verb| format!("/operations/{batch}/{verb}")));
    verbs
}

async fn assert_changes_nothing(browser: &mut Browser, filled: &Filled, says: &str) {
    for path in LISTS.map(str::to_owned).into_iter().chain(details(filled)) {
        let page = browser.page(&path).await;
        assert!(!page.contains("method=\"post\""), "{path} has a form");
        for part in ["/resolve", "/cancel\"", "/retry\"", "/edit\"", "type=\"checkbox\""] {
            assert!(!page.contains(part), "{path} has {part}");
        }
    }
    for path in forms(filled) {
        let refused = browser.open(&path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.text.contains(says), "{path}: {}", refused.text);
    }
    for path in verbs(filled) {
        let refused = browser.post(&path, &[("verb", "RETRY"), ("payload", "{}"), ("reason", "me")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.text.contains(says), "{path}: {}", refused.text);
    }
}

#[tokio::test]
async fn who_may_look_finds_no_buttons_and_is_refused_what_they_would_do() {
    let (house, mut vic) = house(VIC).await;
    let filled = fill(&house).await;
    assert_changes_nothing(&mut vic, &filled, "Vic does not have the right `operate`").await;
    assert_eq!(house.status(filled.parked[0]).await, "IN_TROUBLESHOOTING_QUEUE");
}

#[tokio::test]
async fn a_server_that_is_read_only_shows_no_buttons_to_anybody() {
    let (house, _) = house(ANN).await;
    let filled = fill(&house).await;
    let app = router(
        house.bus.clone(),
        Options::new(Anybody::named("ann", Rights::ALL)).requests_per_second(10_000.try_into().unwrap()),
    );
    let mut browser = Browser::of(app, None);
    assert_changes_nothing(&mut browser, &filled, "This server is read-only").await;
}

#[tokio::test]
async fn who_may_operate_finds_them() {
    let (house, mut ann) = house(ANN).await;
    let filled = fill(&house).await;
    for path in forms(&filled) {
        let page = ann.page(&path).await;
        assert!(hidden_fields(&page).iter().any(|(name, _)| name == "token"), "{path}");
    }
    let page = ann.page(&format!("/troubleshooting/payments/{}", filled.parked[0])).await;
    for verb in ["retry", "edit", "complete", "cancel"] {
        assert!(page.contains(&format!("/{verb}\"")), "{verb}");
    }
}
