//! Names and payloads that were made to break something: refused in words, or carried as they are.

use commandbus::{
    bus::{SendError, UntypedCommand},
    message::{CommandStatus, envelope::PayloadError},
    prelude::*,
    store::{Page, ParkedFilter},
};
use serde_json::{Value, json, value::RawValue};

use crate::{
    house::{AtWork, DebitAccount, Does, House, debit},
    support::{LEASE, PAYMENTS},
};

const HOSTILE: &[&str] = &[
    "'; drop table commandbus.command; --",
    "$1 %s %I %1$I {} \\ \\\\ \" ' ` ${x} $$ $body$",
    "\u{1}\u{8}\u{1b}[31m\u{7f}\u{9b}\r\n\t",
    "\u{202e}\u{2066}\u{200f}\u{feff}\u{e000}\u{fffe}\u{10ffff}",
    "\u{1f469}\u{200d}\u{1f680} e\u{301} ﷽",
    "__proto__",
    "\\u0000 as text",
];

#[tokio::test]
async fn hostile_names_and_payloads_are_carried_as_they_are_and_never_run() {
    let house = House::new().await;
    for text in HOSTILE {
        let data = json!({ *text: [text, { *text: null }], "long": text.repeat(5_000) });
        let command = UntypedCommand::new(PAYMENTS.clone(), *text, data.clone()).group(*text);
        let id = house.bus.send_untyped(command).await.unwrap().id();

        let delivery = house.bus.store().receive(&PAYMENTS, 1, LEASE).await.unwrap().deliveries.remove(0);
        assert_eq!((delivery.token.command_id, delivery.command_type.as_str()), (id, *text));
        assert_eq!(serde_json::from_str::<Value>(delivery.data.get()).unwrap(), data);
        let shown = house.command(id).await;
        assert_eq!((shown.command_type.as_str(), shown.group.as_deref()), (*text, Some(*text)));
        assert_eq!(house.bus.commands().payload(&shown).await.unwrap(), Some(data));
        // In its own group it would hold the next one up.
        house.run("update commandbus.command set status = 'CANCELED'; delete from commandbus.grouped_command").await;
        house.run("delete from pgmq.q_payments__commands").await;

        // Copied, and by an operator.
        let batch = DebitAccount::batch(*text).custom_data(&json!({ *text: text }));
        let batch = batch.extend((0..400).map(|_| debit(Does::Succeed))).send(&house.bus).await.unwrap();
        let row = batch.metadata().await.unwrap();
        assert_eq!((row.name.as_deref(), row.custom_data), (Some(*text), Some(json!({ *text: text }))));
        house.bus.batches().pause(&PAYMENTS, batch.id(), text, Some(text)).await.unwrap();
        house.bus.batches().cancel_rest(&PAYMENTS, batch.id(), text, text).await.unwrap();
    }
    assert!(house.tables().await[0] > 0, "the tables are there");
}

/// A payload as text.
#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Raw {
    data: Box<RawValue>,
}

fn nested(depth: usize) -> Box<RawValue> {
    RawValue::from_string(format!("{}{}", "[".repeat(depth), "]".repeat(depth))).unwrap()
}

#[tokio::test]
async fn what_is_nested_deeper_than_a_handler_reads_is_refused() {
    let house = House::new().await;
    Raw { data: nested(126) }.send(&house.bus).await.unwrap();
    let before = house.tables().await;
    for depth in [127, 10_000, 1_000_000] {
        let refused = Raw { data: nested(depth) }.send(&house.bus).await.unwrap_err();
        assert!(matches!(refused, SendError::Payload(PayloadError::TooDeep { .. })), "{refused}");
        assert!(
            refused.to_string().starts_with("the payload of `Raw` is nested more than 127 levels deep"),
            "{refused}"
        );
    }
    assert_eq!(house.tables().await, before);
}

#[tokio::test]
async fn what_somebody_else_sent_too_deep_or_too_great_is_parked_and_hides_nothing() {
    let house = House::new().await;
    let hostile =
        ["repeat('[', 5000) || repeat(']', 5000)", "'1e400'", "'{\"cents\": 1e400, \"does\": \"Succeed\"}'", "'\"x\"'"];
    let mut ids = Vec::new();
    for data in hostile {
        let id = debit(Does::Succeed).send(&house.bus).await.unwrap().id();
        house
            .run(&format!(
                "update pgmq.q_payments__commands set message = jsonb_set(message, '{{data}}', ({data})::jsonb)
                 where message->>'command_id' = '{id}'"
            ))
            .await;
        ids.push(id);
    }
    let worker = AtWork::start(house.worker());
    for id in &ids {
        house.until_status(*id, CommandStatus::InTroubleshooting).await;
    }
    worker.stop().await;

    let parked = house.bus.troubleshooting().list(&ParkedFilter::default(), Page::first(10)).await.unwrap();
    assert_eq!(parked.len(), hostile.len());
    let shown = parked[0].payload.as_ref().unwrap()["unreadable"].as_str().unwrap().to_owned();
    assert!(shown.starts_with("10000 bytes of JSON: recursion limit exceeded"), "{shown}");
    for id in ids {
        house.bus.troubleshooting().show(&PAYMENTS, id).await.unwrap();
        house.bus.commands().payload(&house.command(id).await).await.unwrap();
        house.bus.troubleshooting().by("olivia").cancel(&PAYMENTS, id, "nobody can read it").await.unwrap();
    }
}

#[tokio::test]
async fn a_payload_of_a_hundred_megabytes_is_carried() {
    const BYTES: usize = 100 << 20;
    let house = House::new().await;
    let data = RawValue::from_string(format!("\"{}\"", "x".repeat(BYTES))).unwrap();
    let sent = Raw { data }.send(&house.bus).await.unwrap();

    let delivery = house.bus.store().receive(&PAYMENTS, 1, LEASE).await.unwrap().deliveries.remove(0);

    assert_eq!(delivery.token.command_id, sent.id());
    let Raw { data } = serde_json::from_str(delivery.data.get()).unwrap();
    assert_eq!(data.get().len(), BYTES + 2);
}
