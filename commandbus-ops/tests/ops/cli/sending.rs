use serde_json::json;

use crate::house::{House, complete};

#[tokio::test]
async fn a_command_is_sent_found_shown_and_canceled() {
    let house = House::new().await;
    let data = ["send", "--domain", "payments", "--type", "DebitAccount", "--data"];
    let sent = house.ask(&[&data[..], &["{\"cents\": 5}"]].concat()).await;
    let id = sent["command_id"].as_str().unwrap();

    let listed = house.cli(&["commands", "list", "--status", "pending"]).await.done();
    assert!(listed.contains(id) && listed.contains("DebitAccount"), "{listed}");
    let shown = house.ask(&["commands", "show", id]).await;
    assert_eq!((&shown["payload"], &shown["audit"][0]["event"]), (&json!({ "cents": 5 }), &json!("SENT")));
    assert!(house.cli(&["commands", "show", id]).await.done().contains("payments.DebitAccount"));

    let canceled = house.cli(&["commands", "cancel", id, "--reason", "a mistake"]).await.done();
    assert_eq!(canceled, "1 canceled by olivia.\n");
    let again = house.cli(&["commands", "cancel", id, "--reason", "a mistake"]).await;
    assert_eq!(again.code, 1);
    assert!(again.err.contains("cannot be canceled any more (now CANCELED)"), "{}", again.err);
    let audit = house.ask(&["audit", id, "--by", "olivia"]).await;
    assert_eq!(audit["items"][0]["event"], "CANCELED");
    let named = house.cli(&["audit", "--operator", "someone", "--event", "canceled"]).await.done();
    assert!(named.contains("reason=\"a mistake\""), "{named}");

    assert_eq!(house.cli(&[&data[..], &["{"]].concat()).await.code, 2);
    assert_eq!(house.cli(&["send", "--data", "{}"]).await.code, 2);
    let unknown = house.cli(&["commands", "show", "01a1fec0-8df9-7449-aaa8-a0a49710c8a4"]).await;
    assert_eq!((unknown.code, unknown.err.contains("there is no command")), (1, true));
    assert_eq!(house.cli(&["commands", "list", "--status", "done"]).await.code, 2);
}

#[tokio::test]
async fn lines_are_sent_all_or_none_is_begun() {
    let house = House::new().await;
    let from_stdin = ["send", "--domain", "payments", "--type", "DebitAccount", "--file", "-"];
    let good = "{\"data\": {\"cents\": 1}}\n\n{\"data\": {\"cents\": 2}, \"command_type\": \"CloseAccount\", \"group\": \"7\"}\n";
    let sent = house.cli_reading(&from_stdin, good).await;
    assert_eq!(sent.done(), "2 commands were sent.\n");
    let bad = house.cli_reading(&from_stdin, "{\"data\": 1}\n{\"date\": 2}\n").await;
    assert_eq!(bad.code, 2);
    assert!(bad.err.contains("line 2 of -") && bad.err.contains("Nothing was sent"), "{}", bad.err);
    let unnamed = house.cli_reading(&["send", "--file", "-"], "{\"data\": 1}").await;
    assert!(unnamed.err.contains("it names no `domain`"), "{}", unnamed.err);
    let missing = house.cli(&["send", "--file", "/no/such/file"]).await;
    assert_eq!((missing.code, missing.err.contains("reading /no/such/file")), (1, true));

    let first = house.ask(&["commands", "list", "--limit", "1"]).await;
    let rest = house.ask(&["commands", "list", "--cursor", first["next_cursor"].as_str().unwrap()]).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    let table = house.cli(&["commands", "list", "--limit", "1"]).await.done();
    assert!(table.contains("There are more: --cursor"), "{table}");
}

#[tokio::test]
async fn batches_are_watched_and_steered() {
    let house = House::new().await;
    let id = house.batch_of(3).await.to_string();
    let open = house.ask(&["batches", "list", "--open"]).await;
    assert_eq!(open["items"][0]["batch_id"], id.as_str());
    house.cli(&["batches", "pause", &id]).await.done();
    assert!(house.cli(&["batches", "show", &id]).await.done().contains("(paused)"));
    assert_eq!(house.settle(complete).await, 0);
    house.cli(&["batches", "resume", &id]).await.done();
    house.settle(|| crate::house::park("GONE")).await;
    let retried = house.cli(&["batches", "retry-parked", &id, "--yes", "--reason", "again"]).await.done();
    assert!(retried.starts_with("RETRY COMPLETED: 3 of 3 done"), "{retried}");

    let watched = async { house.cli(&["batches", "watch", &id, "--json"]).await };
    let worked = async { house.settle(complete).await };
    let (watched, worked) = tokio::join!(watched, worked);
    assert_eq!((watched.code, worked), (0, 3), "{watched:?}");
    let last: serde_json::Value = serde_json::from_str(watched.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["batch_status"], &last["completed_count"]), (&json!("COMPLETED"), &json!(3)));

    let other = house.batch_of(2).await.to_string();
    let unasked = house.cli(&["batches", "cancel-rest", &other, "--reason", "enough"]).await;
    assert_eq!((unasked.code, unasked.err.contains("add `--yes`")), (2, true));
    let canceled = house.ask(&["batches", "cancel-rest", &other, "--reason", "enough", "--yes"]).await;
    assert_eq!(canceled, json!({ "canceled": 2 }));
    assert_eq!(house.cli(&["batches", "watch", &other]).await.code, 4, "it ended with failures");
}
