//! What others have written into names and payloads, and what nobody can read.

use crate::house::{House, park};

/// Colours, a title of the window, a cleared screen, and a text that runs the other way.
const STEERING: &str = r#"{"command_type": "\u001b[31mDebit\u001b]0;mine\u0007\u009b2J\u202e'; drop table commandbus.command; --", "data": {}}"#;

#[tokio::test]
async fn nothing_that_others_wrote_steers_the_terminal() {
    let house = House::new().await;
    house.cli_reading(&["send", "--domain", "payments", "--file", "-"], STEERING).await.done();
    house.settle(|| park("\u{1b}[2J")).await;

    for arguments in [&["commands", "list"][..], &["tsq", "list"], &["tsq", "groups"], &["audit"]] {
        let run = house.cli(arguments).await;
        let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!run.out.contains(steers), "{arguments:?}: {:?}", run.out);
        assert_eq!(run.code, 0, "{run:?}");
    }
    let listed = house.ask(&["commands", "list"]).await;
    let name = listed["items"][0]["command_type"].as_str().unwrap();
    assert!(name.starts_with("\u{1b}[31mDebit") && name.ends_with("drop table commandbus.command; --"), "{name:?}");
    let unknown = house.cli(&["commands", "list", "--domain", "\u{1b}[31mpayments"]).await;
    assert_eq!((unknown.code, unknown.err.contains('\u{1b}')), (2, false), "{unknown:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_its_line_and_nothing_is_sent() {
    let house = House::new().await;
    let deep: &'static str =
        Box::leak(format!("{{\"data\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000)).into_boxed_str());
    for (line, says) in [
        (deep, "recursion limit"),
        ("{\"data\": \"\\ud800\"}", "hex escape"),
        ("{\"data\": \"\\u0000\"}", "NUL"),
        ("{\"data\": 1e400}", "number out of range"),
        ("{\"data\": {}, \"domain\": \"payments'; drop table commandbus.command; --\"}", "is not a domain"),
        ("{\"data\": {}, \"command_type\": \"a\\u0000b\"}", "cannot be the type"),
        ("{\"data\": {}, \"reply_to\": \"x\\\"; drop table commandbus.command; --\"}", "cannot be a queue"),
        ("{\"data\": {}, \"group\": \"\\u0000\"}", "NUL"),
    ] {
        let arguments = ["send", "--domain", "payments", "--type", "Debit", "--file", "-"];
        let run = house.cli_reading(&arguments, line).await;
        assert!(run.code == 1 || run.code == 2, "{line:.80}: {run:?}");
        assert!(run.err.contains(says), "{line:.80}: {}", run.err);
    }
    let there: i64 =
        sqlx::query_scalar("select count(*) from commandbus.command").fetch_one(&house.pool).await.unwrap();
    assert_eq!(there, 0);
}
