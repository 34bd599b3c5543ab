//! What cannot be sent at all.

use std::iter::repeat_n;

use commandbus::{
    bus::{BatchError, SendError, UntypedCommand},
    message::{BatchId, Domain, envelope::PAYLOAD_LIMIT},
    ops::OpsError,
    prelude::*,
};
use serde::{Deserializer, Serializer};
use serde_json::json;

use crate::{
    house::{DebitAccount, Does::Succeed, House, debit},
    support::PAYMENTS,
};

const PIECE: usize = 1 << 16;

/// A command of that many bytes, which are made only when it is written.
#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Import {
    #[serde(serialize_with = "pieces", deserialize_with = "never")]
    bytes: usize,
}

fn pieces<S: Serializer>(bytes: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    let piece = "x".repeat(PIECE);
    serializer.collect_seq(repeat_n(&piece, bytes / PIECE))
}

fn never<'de, D: Deserializer<'de>>(_: D) -> Result<usize, D::Error> {
    Err(serde::de::Error::custom("nobody reads it"))
}

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Rename {
    name: String,
}

#[tokio::test]
async fn a_payload_beyond_the_limit_of_jsonb_is_refused_before_it_reaches_the_database() {
    let house = House::new().await;

    let refused = Import { bytes: PAYLOAD_LIMIT + PIECE }.send(&house.bus).await.unwrap_err();

    let text = refused.to_string();
    assert!(matches!(refused, SendError::Payload(_)), "{text}");
    assert!(text.starts_with("the payload of `Import` has 268"), "{text}");
    assert!(text.ends_with("holds at most 268431359: store the data elsewhere and send a reference to it"), "{text}");
    assert_eq!(house.tables().await, [0, 0, 0, 0]);
}

const NUL: &str = "the payload of `Rename` contains a NUL character (\\u0000), which PostgreSQL cannot store: remove it, \
                   or encode the bytes (base64, for instance)";

fn with_nul() -> Rename {
    Rename { name: "Ann\0a".into() }
}

#[tokio::test]
async fn a_nul_in_a_payload_is_refused_however_it_is_sent() {
    let house = House::new().await;
    let good = || Rename { name: "Anna".into() };

    assert_eq!(with_nul().send(&house.bus).await.unwrap_err().to_string(), NUL);
    let mut transaction = house.pool.begin().await.unwrap();
    assert_eq!(with_nul().send(&house.bus).within(&mut transaction).await.unwrap_err().to_string(), NUL);
    transaction.commit().await.unwrap();
    let many = house.bus.send_many([good(), with_nul()]).await.unwrap_err();
    assert_eq!(many.source.to_string(), NUL);
    // In a chunk that is written after another one.
    let members = (0..1_500).map(|n| if n == 1_200 { with_nul() } else { good() });
    let batch = Rename::batch("Renames").extend(members).send(&house.bus).await.unwrap_err();
    assert_eq!(batch.to_string(), NUL);
    let then = Rename::batch("Renames").push(good()).then(with_nul()).send(&house.bus).await.unwrap_err();
    assert_eq!(then.to_string(), NUL);

    assert_eq!(house.tables().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_nul_in_what_describes_a_batch_or_a_command_is_refused() {
    let house = House::new().await;

    let name = DebitAccount::batch("Month\0ly").push(debit(Succeed)).send(&house.bus).await.unwrap_err();
    assert!(matches!(name, BatchError::InvalidName));
    assert!(name.to_string().ends_with("a NUL character, which PostgreSQL cannot store: remove it"), "{name}");
    let data = DebitAccount::batch("Monthly").custom_data("\0").push(debit(Succeed)).send(&house.bus).await;
    assert!(matches!(data, Err(BatchError::CustomData(_))), "{data:?}");
    for command_type in ["", "Debit\0"] {
        let command = UntypedCommand::new(PAYMENTS.clone(), command_type, json!({}));
        let refused = house.bus.send_untyped(command).await.unwrap_err();
        assert!(matches!(refused, SendError::InvalidCommandType { .. }), "{refused}");
    }

    assert_eq!(house.tables().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_bad_name_of_a_domain_is_refused() {
    const RULE: &str = "a domain is a lower-case letter followed by lower-case letters, digits and single underscores, \
                        at most 30 characters, as in `payments` or `card_payments`";
    let house = House::new().await;
    for name in ["", "Payments", "card__payments", "payments_", "pay-ments", "1st", &"p".repeat(31)] {
        let expected = format!("`{name}` is not a domain: {RULE}");
        assert_eq!(Domain::new(name.to_owned()).unwrap_err().to_string(), expected);
        assert_eq!(Worker::new(&house.bus, name).partial().build().unwrap_err().to_string(), expected);
    }
    let queues: Vec<String> = house.column("select queue_name::text from pgmq.meta order by 1").await;
    assert_eq!(queues, ["payments__commands", "payments__process_replies", "payments__replies"]);
}

#[tokio::test]
async fn a_batch_that_does_not_exist_is_not_found() {
    let house = House::new().await;
    let id = BatchId::new();
    let expected = format!("domain `payments` has no batch {id}: check both, or it was removed after it ended");

    let unknown = house.bus.batch(&PAYMENTS, id).await.unwrap_err();
    assert!(matches!(unknown, BatchError::BatchNotFound { .. }));
    assert_eq!(unknown.to_string(), expected);
    // Nor in another domain than its own.
    let known = DebitAccount::batch("Monthly").push(debit(Succeed)).send(&house.bus).await.unwrap();
    let elsewhere = house.bus.batch(&Domain::from_static("billing"), known.id()).await;
    assert!(matches!(elsewhere, Err(BatchError::BatchNotFound { .. })));

    let batches = house.bus.batches();
    assert_eq!(batches.get(&PAYMENTS, id).await.unwrap(), None);
    let refusals: [OpsError; 3] = [
        batches.pause(&PAYMENTS, id, "olivia", None).await.unwrap_err(),
        batches.resume(&PAYMENTS, id, "olivia", None).await.unwrap_err(),
        batches.cancel_rest(&PAYMENTS, id, "alice", "no need").await.unwrap_err(),
    ];
    assert!(refusals.iter().all(|refused| refused.to_string() == expected), "{refusals:?}");
    assert_eq!(house.tables().await, [1, 1, 1, 1]);
    assert_eq!(house.ask::<i64>("select count(*) from commandbus.paused").await, 0);
}
