use commandbus::message::Domain;
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn chosen_commands_are_resolved_each_for_itself() {
    let house = House::new().await;
    let ids: Vec<String> = house.parked(4, "GONE").await.iter().map(ToString::to_string).collect();
    let list = house.cli(&["tsq", "list"]).await.done();
    assert!(ids.iter().all(|id| list.contains(id)), "{list}");
    let shown = house.cli(&["tsq", "show", &ids[0]]).await.done();
    assert!(shown.contains("there is no such account") && shown.contains("Next: commandbus tsq retry"), "{shown}");

    let done = house.cli(&["tsq", "retry", &ids[0], &ids[1], "--reason", "reopened"]).await.done();
    assert_eq!(done, "RETRY: 2 done\n");
    let mixed = house.cli(&["tsq", "cancel", &ids[1], &ids[2], "--reason", "too late", "--json"]).await;
    assert_eq!(mixed.code, 1);
    assert_eq!(mixed.json()["done"], json!([ids[2]]));
    let refused = &mixed.json()["refused"][0];
    assert_eq!(refused["command_id"], ids[1].as_str());
    assert!(refused["error"].as_str().unwrap().contains("no longer in troubleshooting (now PENDING)"));
    house.cli(&["tsq", "complete", &ids[3], "--result", "{\"by\": \"hand\"}"]).await.done();
    assert_eq!(house.ask(&["tsq", "list"]).await["items"], json!([]));
    assert_eq!(house.cli(&["tsq", "list"]).await.done(), "Nothing is parked.\n");
}

#[tokio::test]
async fn a_payload_is_edited_when_it_is_retried() {
    let house = House::new().await;
    let id = house.parked(1, "GONE").await[0].to_string();
    assert_eq!(house.cli(&["tsq", "retry", "--filter", "all", "--payload", "{}"]).await.code, 2);
    house.cli(&["tsq", "retry", &id, "--payload", "{\"cents\": 7}"]).await.done();
    assert_eq!(house.ask(&["commands", "show", &id]).await["payload"], json!({ "cents": 7 }));
}

#[tokio::test]
async fn a_whole_filter_is_resolved_after_somebody_said_yes() {
    let house = House::new().await;
    house.parked(600, "BANK_DOWN").await;
    house.parked(2, "GONE").await;
    let groups = house.ask(&["tsq", "groups", "--filter", "domain=payments"]).await;
    assert_eq!((&groups[0]["count"], &groups[1]["count"]), (&json!(600), &json!(2)));

    let retry = ["tsq", "retry", "--filter", "code=BANK_DOWN", "--filter", "domain=payments"];
    let unasked = house.cli(&retry).await;
    assert_eq!(unasked.code, 2);
    assert!(unasked.err.contains("retry 600 parked commands as olivia?"), "{}", unasked.err);
    assert!(unasked.err.contains("add `--yes`"));
    let done =
        house.ask(&[&retry[..], &["--yes", "--operator", "otto", "--reason", "the bank is back"]].concat()).await;
    assert_eq!((&done["done_count"], &done["operator"]), (&json!(600), &json!("otto")));

    let id = done["operation_id"].as_str().unwrap();
    assert_eq!(house.ask(&["operations", "show", id]).await, done);
    assert!(house.cli(&["operations", "list"]).await.done().contains("the bank is back"));
    house.cli(&["operations", "resume", id]).await.done();
    house.cli(&["operations", "cancel", id]).await.done();
    assert_eq!(house.ask(&["tsq", "list"]).await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_not_a_filter_is_refused() {
    let house = House::new().await;
    for (filter, says) in [
        ("BANK_DOWN", "`BANK_DOWN` is no filter: write `domain=..`"),
        ("color=red", "`color` is nothing to filter by"),
        ("batch=7", "`7` is not the id of a batch"),
    ] {
        let refused = house.cli(&["tsq", "retry", "--filter", filter, "--yes"]).await;
        assert_eq!(refused.code, 2);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    let neither = house.cli(&["tsq", "cancel", "--reason", "too late"]).await;
    assert_eq!((neither.code, neither.err.contains("which? Give ids")), (2, true));
}

#[tokio::test]
async fn the_whole_is_told_of_and_domains_are_paused() {
    let house = House::new().await;
    assert!(house.cli(&["workers"]).await.done().starts_with("No worker has said"));
    assert!(house.cli(&["processes", "list"]).await.done().starts_with("No processes"));
    house.cli(&["domains", "pause", "payments"]).await.done();
    assert!(house.cli(&["queues"]).await.done().contains("payments (paused)"));
    house.cli(&["domains", "resume", "payments"]).await.done();
    let mistyped = house.cli(&["domains", "pause", "payment"]).await;
    assert_eq!((mistyped.code, mistyped.err.contains("those with a queue are: payments")), (1, true));

    let reporting = Domain::from_static("reporting");
    let started = house.bus.start_untyped(&reporting, "Report", vec![json!({ "page": 1 })], None).await.unwrap();
    let id = started[0].to_string();
    assert!(house.cli(&["processes", "list", "--status", "waiting_for_reply"]).await.done().contains(&id));
    let shown = house.ask(&["processes", "show", "reporting", &id]).await;
    assert_eq!(shown["steps"][0]["command_type"], "BuildReport");
    assert!(house.cli(&["processes", "show", "reporting", &id]).await.done().contains("in flight"));
}
