//! Each page, on an empty database and on a filled one.

use commandbus_ops::{Options, Rights, Tokens, router};

use super::{
    ANN, Browser, VIC,
    filled::{Filled, HOSTILE, fill},
    house, plain,
};

/// The pages that are there whatever the database holds.
pub(super) const LISTS: [&str; 14] = [
    "/",
    "/overview",
    "/troubleshooting",
    "/troubleshooting/items",
    "/processes/reporting/parked-replies",
    "/commands",
    "/batches",
    "/process-batches",
    "/processes",
    "/operations",
    "/workers",
    "/queues",
    "/types",
    "/commands?domain=payments&command_type=&status=PENDING&sent_from=2026-01-01T00%3A00&sent_before=",
];

/// The pages of single things.
pub(super) fn details(filled: &Filled) -> Vec<String> {
    let parked = filled.parked[0];
    vec![
        format!("/commands/payments/{}", filled.done),
        format!("/commands/payments/{}", filled.card),
        format!("/troubleshooting/payments/{parked}"),
        format!("/batches/{}", filled.batch),
        format!("/process-batches/{}", filled.process_batch),
        format!("/processes/reporting/{}", filled.blocked),
        format!("/processes/reporting/{}", filled.taken_back),
    ]
}

/// The pages that ask once more before something is done.
pub(super) fn forms(filled: &Filled) -> Vec<String> {
    let parked = filled.parked[0];
    let mut forms: Vec<String> = ["retry", "cancel", "complete", "edit"]
        .map(|verb| format!("/troubleshooting/payments/{parked}/{verb}"))
        .to_vec();
    forms.extend(
        ["RETRY", "CANCEL", "COMPLETE"].map(|verb| format!("/troubleshooting/resolve?verb={verb}&id={parked}")),
    );
    forms.push("/troubleshooting/resolve?verb=RETRY&all=true&domain=payments".to_owned());
    forms.push(format!("/commands/payments/{}/cancel", filled.done));
    forms.extend(["cancel-rest", "retry-parked"].map(|verb| format!("/batches/{}/{verb}", filled.batch)));
    forms
}

/// What holds for every page.
pub(super) fn assert_is_sound(path: &str, page: &str) {
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{path}");
    for part in ["<title>", "href=\"#main\"", "<main id=\"main\"", "<nav aria-label=\"Sections\"", "<h1>"] {
        assert!(page.contains(part), "{path} has no {part}");
    }
    assert_eq!(page.matches("<h1").count(), 1, "{path}");
    // The policy forbids these, so they would do nothing.
    for part in [" style=\"", "<style", " onclick", " onload", "javascript:", "<script>"] {
        assert!(!page.contains(part), "{path} has {part}");
    }
    assert_eq!(page.matches("<script").count(), 1, "{path}");
    // Mounted anywhere, behind any proxy: nothing leads to the root of the server.
    for part in ["href=\"/", "src=\"/", "action=\"/", "href=\"\""] {
        assert!(!page.contains(part), "{path} has {part}");
    }
    assert_eq!(page.matches("<table").count(), page.matches("<caption").count(), "{path}");
    assert!(!page.contains("<th>"), "{path} has a heading without a scope");
    for control in
        page.split("<input ").skip(1).chain(page.split("<select ").skip(1)).chain(page.split("<textarea ").skip(1))
    {
        let control = &control[..control.find('>').unwrap()];
        let is_named = ["type=\"hidden\"", "type=\"radio\"", "aria-label="].iter().any(|part| control.contains(part));
        let labelled = control.split("id=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
        let has_label = labelled.is_some_and(|id| page.contains(&format!("<label for=\"{id}\"")));
        assert!(is_named || has_label, "{path}: {control}");
    }
}

#[tokio::test]
async fn every_page_is_there_on_an_empty_database() {
    let (_house, mut browser) = house(ANN).await;
    for path in LISTS {
        let page = browser.page(path).await;
        assert_is_sound(path, &page);
    }
    for (path, says) in [
        ("/commands", "commandbus send"),
        ("/processes", "commandbus processes list"),
        ("/operations", "commandbus tsq retry"),
        ("/workers", "run_until"),
        ("/process-batches", "/api/processes/batch"),
        ("/troubleshooting", "Nothing is parked"),
        ("/overview", "Nothing. Everything moves by itself."),
    ] {
        assert!(browser.page(path).await.contains(says), "{path}");
    }
}

#[tokio::test]
async fn every_page_is_there_on_a_filled_database_and_runs_nothing_of_what_it_shows() {
    let (house, mut browser) = house(ANN).await;
    let filled = fill(&house).await;
    let begun = house.bus.troubleshooting().by(HOSTILE).because(HOSTILE);
    let filter = commandbus::store::ParkedFilter::default().with_code("ACCOUNT_CLOSED");
    let operation = begun.retry_all(&filter).await.unwrap().operation_id;
    let mut paths: Vec<String> = LISTS.map(str::to_owned).to_vec();
    paths.extend(details(&filled));
    paths.extend(forms(&filled));
    paths.push(format!("/operations/{operation}"));
    let hostile = filled.parked[5];
    paths.push(format!("/troubleshooting/payments/{hostile}"));
    paths.push(format!("/troubleshooting/payments/{hostile}/edit"));
    paths.push(format!("/commands/payments/{hostile}"));
    for path in &paths {
        let page = browser.page(path).await;
        assert_is_sound(path, &page);
        assert!(!page.contains("<img"), "{path}");
    }
    for path in paths.iter().rev().take(4) {
        assert!(plain(&browser.page(path).await).contains("<script>alert(\"1\")</script>"), "{path} shows it as text");
    }
}

#[tokio::test]
async fn what_a_page_is_asked_for_it_shows_as_text() {
    let (house, mut browser) = house(ANN).await;
    fill(&house).await;
    let hostile = "%3Cscript%3Ealert(1)%3C/script%3E%22%3E";
    for path in [
        format!("/commands?command_type={hostile}"),
        format!("/troubleshooting/items?error_code={hostile}&notice={hostile}"),
        format!("/troubleshooting?command_type={hostile}&{hostile}={hostile}"),
        format!("/overview?notice={hostile}&refresh={hostile}"),
        format!("/processes?process_type={hostile}"),
    ] {
        let page = browser.page(&path).await;
        assert_is_sound(&path, &page);
    }
    for path in [format!("/commands?status={hostile}"), format!("/commands/{hostile}/{hostile}"), format!("/{hostile}")]
    {
        let refused = browser.open(&path).await;
        assert!(refused.status.is_client_error(), "{path}");
        assert_eq!(refused.headers["content-type"], "text/html; charset=utf-8", "{path}");
        assert!(!refused.text.contains("<script>"), "{path}: {}", refused.text);
    }
}

#[tokio::test]
async fn sensitive_fields_are_masked_on_every_page() {
    let (house, mut browser) = house(ANN).await;
    let filled = fill(&house).await;
    for path in [
        format!("/commands/payments/{}", filled.card),
        format!("/troubleshooting/payments/{}", filled.card),
        format!("/troubleshooting/payments/{}/edit", filled.card),
    ] {
        let page = plain(&browser.page(&path).await);
        assert!(page.contains("\"card\": \"***\""), "{path}: {page}");
        assert!(!page.contains("4242"), "{path}");
    }
}

#[tokio::test]
async fn the_overview_says_first_what_needs_a_person() {
    let (house, mut browser) = house(VIC).await;
    fill(&house).await;
    let page = browser.page("/overview").await;
    let needs = page.find("7 parked in payments, the oldest for").expect("what is parked");
    let starved = page.find("5 ready in payments, and no worker is alive").expect("what nobody receives");
    assert!(starved < needs && needs < page.find("Domains").unwrap());
    assert!(page.contains("p50") && page.contains("p95"), "times from sending to completion");
    assert!(page.contains("completed in the last hour"), "the sparkline in words");
}

#[tokio::test]
async fn s094_process_batches_are_listed_shown_and_refresh_until_they_end() {
    let (house, mut browser) = house(VIC).await;
    let filled = fill(&house).await;
    let list = browser.page("/process-batches").await;
    assert!(list.contains("Publications"), "AC1");
    assert!(!list.contains("Monthly billing"), "AC2");
    assert!(!browser.page("/batches").await.contains("Publications"));

    let path = format!("/process-batches/{}", filled.process_batch);
    let page = browser.page(&path).await;
    assert!(page.contains("<h1>Publications</h1>"), "AC3");
    for part in [
        "2</strong> completed",
        "1</strong> failed or canceled",
        "1</strong> in troubleshooting",
        "4</strong> in total",
    ] {
        assert!(page.contains(part), "AC4: {part}");
    }
    for process in [filled.blocked, filled.taken_back] {
        assert!(page.contains(&format!("href=\"../processes/reporting/{process}\"")), "AC5");
    }
    assert!(page.contains("data-refresh=\"2\""), "AC6: it refreshes while it has not ended");
    let off = browser.page(&format!("{path}?refresh=0")).await;
    assert!(!off.contains("data-refresh"), "AC6: unless it is switched off");

    let parked = house
        .bus
        .troubleshooting()
        .list(&commandbus::store::ParkedFilter::default(), commandbus::store::Page::first(50))
        .await
        .unwrap();
    let parked = parked.iter().find(|parked| parked.domain.as_str() == "reporting").unwrap();
    let ann = house.bus.troubleshooting().by("ann");
    ann.complete(&parked.domain, parked.command_id).await.unwrap();
    let worker = commandbus::worker::Worker::new(&house.bus, "reporting").build().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(worker.run_until(async { drop(stopped.await) }));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while browser.page(&path).await.contains("data-refresh") {
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    drop(stop);
    working.await.unwrap().unwrap();
    let ended = browser.page(&format!("{path}?refresh=2")).await;
    assert!(ended.contains("completed with failures"));
    assert!(!ended.contains("data-refresh"), "what has ended is not asked for again");
}

#[tokio::test]
async fn a_process_shows_its_steps_what_blocks_it_and_how_it_was_taken_back() {
    let (house, mut browser) = house(VIC).await;
    let filled = fill(&house).await;
    let blocked = browser.page(&format!("/processes/reporting/{}", filled.blocked)).await;
    assert!(blocked.contains("Blocked by SendReport of step send"));
    assert!(blocked.contains("href=\"../../troubleshooting/reporting/"));
    assert!(!blocked.contains("Taken back"));
    let back = browser.page(&format!("/processes/reporting/{}", filled.taken_back)).await;
    for part in ["Forward", "Taken back", "Shred", "takes back", "NO_READER", "&quot;page&quot;: 9"] {
        assert!(back.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_long_list_goes_on_page_by_page_with_its_filter() {
    let (house, mut browser) = house(VIC).await;
    house.parked(60, "BANK_DOWN").await;
    let first = browser.page("/commands?domain=payments&status=IN_TROUBLESHOOTING_QUEUE").await;
    assert_eq!(first.matches("href=\"./commands/payments/").count(), 50);
    let link = first.split("href=\"").find(|link| link.contains("cursor=")).unwrap().split('"').next().unwrap();
    let link = plain(link);
    assert!(link.contains("domain=payments") && link.contains("status=IN_TROUBLESHOOTING_QUEUE"), "{link}");
    let second = browser.page(&format!("/commands{link}")).await;
    assert_eq!(second.matches("href=\"./commands/payments/").count(), 10);
    assert!(second.contains("First page") && !second.contains("Next page"));
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_as_a_page() {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .acquire_timeout(std::time::Duration::from_millis(200))
        .connect_lazy("postgres://nobody@127.0.0.1:1/none")
        .unwrap();
    let options = Options::new(Tokens::new().with("vic", VIC, Rights::VIEW));
    let mut browser = Browser::of(router(commandbus::bus::Bus::new(pool), options), Some(VIC));
    let answer = browser.open("/overview").await;
    assert_eq!(answer.status.as_u16(), 503);
    assert!(answer.text.contains("The database does not answer"), "{}", answer.text);
}
