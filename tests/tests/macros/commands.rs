//! `#[command]`: what it makes known of a type.

use std::time::Duration;

use commandbus::prelude::*;

#[command(domain = "macro_commands")]
#[derive(Serialize, Deserialize)]
struct Plain {
    n: u8,
}

#[command(
    domain = "macro_commands",
    reply = std::collections::HashMap<String, u64>,
    name = "payments.debit",
    aliases("Debit", "ChargeAccount"),
    max_attempts = 5,
    backoff = "500ms, 10s, 5m",
    timeout = "30s",
    crate = commandbus,
)]
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Everything {
    #[command(sensitive)]
    card_number: String,
    #[command(sensitive)]
    #[serde(rename = "cvc2")]
    security_code: u16,
    r#type: u8,
}

/// The derive may also come first.
#[derive(Serialize, Deserialize)]
#[command(domain = "macro_commands")]
#[serde(rename_all_fields = "SCREAMING-KEBAB-CASE")]
enum Choice {
    Card {
        #[command(sensitive)]
        card_number: String,
    },
    #[serde(rename_all = "PascalCase")]
    Account {
        #[command(sensitive)]
        account_owner: String,
    },
    Cash,
}

#[command(domain = "macro_commands")]
#[derive(Serialize, Deserialize)]
struct Unit;

#[test]
fn the_defaults() {
    let spec = Plain::SPEC;
    assert_eq!((spec.domain.as_str(), spec.name), ("macro_commands", "Plain"));
    assert_eq!(spec.max_attempts, 3);
    assert_eq!(spec.timeout, None);
    assert!(!spec.keeps_reply);
    assert_eq!(spec.backoff(), Default::default());
    assert!(spec.sensitive.is_empty() && spec.aliases.is_empty());
    let _ = (Plain { n: 1 }.n, Unit);
}

#[test]
fn every_option() {
    let spec = Everything::SPEC;
    assert_eq!(spec.name, "payments.debit");
    assert!(spec.answers_to("Debit") && spec.answers_to("ChargeAccount") && !spec.answers_to("Everything"));
    assert_eq!(spec.max_attempts, 5);
    assert_eq!(
        spec.backoff().schedule(),
        [Duration::from_millis(500), Duration::from_secs(10), Duration::from_secs(300)]
    );
    assert_eq!(spec.timeout, Some(Duration::from_secs(30)));
    assert!(spec.keeps_reply);
}

#[test]
fn sensitive_fields_are_known_by_the_names_that_serde_writes() {
    let everything = Everything { card_number: "4242".into(), security_code: 123, r#type: 1 };
    let json = serde_json::to_value(&everything).unwrap();
    assert_eq!(Everything::SPEC.sensitive, ["cardNumber", "cvc2"]);
    assert!(Everything::SPEC.sensitive.iter().all(|name| json.get(name).is_some()));

    assert_eq!(Choice::SPEC.sensitive, ["AccountOwner", "CARD-NUMBER"]);
    let json = serde_json::to_value(Choice::Account { account_owner: "Ada".into() }).unwrap();
    assert_eq!(json["Account"]["AccountOwner"], "Ada");
    let json = serde_json::to_value(Choice::Card { card_number: "4242".into() }).unwrap();
    assert_eq!(json["Card"]["CARD-NUMBER"], "4242");
    let _ = Choice::Cash;
}

#[test]
fn commands_are_linked_with_their_place() {
    let linked: Vec<_> = commandbus::__private::inventory::iter::<commandbus::handler::CommandEntry>()
        .filter(|entry| entry.spec.domain.as_str() == "macro_commands")
        .collect();
    assert_eq!(linked.len(), 5);
    assert!(linked.iter().all(|entry| entry.file.ends_with("commands.rs") && entry.line > 1));
}

#[command(domain = "macro_commands", name = "accounts.move", group_by = r#type)]
#[derive(Serialize, Deserialize)]
struct Grouped {
    r#type: Option<Kind>,
}

#[derive(Serialize, Deserialize)]
enum Kind {
    Current,
    Savings { years: u8 },
}

#[test]
fn a_command_is_grouped_by_what_serde_makes_of_the_field() {
    let group = |kind| Grouped { r#type: kind }.group();
    assert_eq!(group(Some(Kind::Current)).unwrap().as_deref(), Some("Current"));
    assert_eq!(group(None).unwrap(), None);
    let error = group(Some(Kind::Savings { years: 3 })).unwrap_err().to_string();
    assert!(error.starts_with(r#"`accounts.move` cannot be grouped by {"Savings":{"years":3}}: "#), "{error}");
    assert_eq!(Plain { n: 7 }.group().unwrap(), None);
}
