//! `#[command(version = .., upcast(..))]`: an old payload in the queue reaches the new handler.

use std::time::Duration;

use commandbus::{bus::UntypedCommand, message::Domain, prelude::*};
use serde_json::json;

static DOMAIN: Domain = Domain::from_static("macro_versions");

#[derive(Deserialize)]
struct TransferV1 {
    euros: i64,
}

#[derive(Serialize, Deserialize)]
struct TransferV2 {
    cents: i64,
}

/// An upcast need not be a method.
fn with_cents(old: TransferV1) -> Result<TransferV2, String> {
    let cents = old.euros.checked_mul(100).ok_or("more cents than there are")?;
    Ok(TransferV2 { cents })
}

#[command(
    domain = "macro_versions", reply = String, version = 3, upcast(2 = Transfer::from_v2, 1 = with_cents), aliases("Pay")
)]
#[derive(Serialize, Deserialize)]
struct Transfer {
    cents: i64,
    currency: String,
}

impl Transfer {
    fn from_v2(old: TransferV2) -> Self {
        Self { cents: old.cents, currency: "EUR".into() }
    }
}

#[handler]
async fn transfer(command: Transfer, context: Context) -> String {
    format!("{} {} from version {}", command.cents, command.currency, context.version())
}

/// Its oldest payloads have all been handled.
#[command(domain = "macro_versions", version = 2)]
#[derive(Serialize, Deserialize)]
struct Forgetful;

#[handler]
async fn forget(_: Forgetful) {}

struct AtWork {
    bus: Bus,
    stop: tokio::sync::oneshot::Sender<()>,
    working: tokio::task::JoinHandle<()>,
}

impl AtWork {
    fn new(arrange: impl FnOnce(commandbus::worker::WorkerBuilder) -> commandbus::worker::WorkerBuilder) -> Self {
        let bus = Bus::in_memory();
        let worker = arrange(Worker::new(&bus, "macro_versions")).build().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let working = tokio::spawn(async move { worker.run_until(async { drop(stopped.await) }).await.unwrap() });
        Self { bus, stop, working }
    }

    async fn send(&self, command_type: &str, version: u32, data: serde_json::Value) -> commandbus::message::CommandId {
        let command = UntypedCommand::new(DOMAIN.clone(), command_type, data).with_version(version);
        self.bus.send_untyped(command).await.unwrap().id()
    }

    async fn reply(&self, command_type: &str, version: u32, data: serde_json::Value) -> serde_json::Value {
        let command = UntypedCommand::new(DOMAIN.clone(), command_type, data).with_version(version);
        let sent = self.bus.send_untyped(command).await.unwrap();
        tokio::time::timeout(Duration::from_secs(20), sent.reply()).await.unwrap().unwrap()
    }

    async fn parked(&self, id: commandbus::message::CommandId) -> commandbus::ops::Case {
        let look = async {
            loop {
                if let Ok(case) = self.bus.troubleshooting().show(&DOMAIN, id).await {
                    return case;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), look).await.unwrap()
    }

    async fn end(self) {
        drop(self.stop);
        self.working.await.unwrap();
    }
}

#[tokio::test]
async fn a_payload_of_any_known_version_reaches_the_handler() {
    let work = AtWork::new(|worker| worker);
    assert_eq!(work.reply("Transfer", 1, json!({"euros": 5})).await, "500 EUR from version 1");
    assert_eq!(work.reply("Pay", 2, json!({"cents": 5})).await, "5 EUR from version 2");
    assert_eq!(work.reply("Transfer", 3, json!({"cents": 5, "currency": "CHF"})).await, "5 CHF from version 3");
    let sent = Transfer { cents: 7, currency: "SEK".into() }.send(&work.bus).await.unwrap();
    assert_eq!(sent.reply().await.unwrap(), "7 SEK from version 3", "what is sent names its version");
    work.end().await;
}

#[tokio::test]
async fn an_old_payload_that_cannot_become_the_current_one_is_parked() {
    let work = AtWork::new(|worker| worker);
    for (command_type, version, data, words) in [
        (
            "Transfer",
            1,
            json!({"euros": i64::MAX}),
            "version 1 of `Transfer` could not be made version 2: more cents than",
        ),
        ("Transfer", 1, json!({"cents": 5}), "the payload is not version 1 of `Transfer`: missing field `euros`"),
        ("Forgetful", 1, json!(null), "the payload is version 1 of `Forgetful`, but this program knows only 2"),
    ] {
        let id = work.send(command_type, version, data).await;
        let parked = work.parked(id).await.parked;
        assert_eq!((parked.reason.as_str(), parked.error_code.as_deref()), ("UNDECODABLE", Some("UNDECODABLE")));
        assert!(parked.error_msg.as_ref().is_some_and(|message| message.starts_with(words)), "{parked:?}");
        assert_eq!(parked.version, version);
    }
    work.end().await;
}

#[tokio::test]
async fn a_newer_version_waits_for_a_newer_worker() {
    let work = AtWork::new(|worker| worker);
    let id = work.send("Transfer", 4, json!({"cents": 5, "currency": "EUR"})).await;
    // What came after it has been handled, so it has been looked at.
    work.reply("Transfer", 2, json!({"cents": 5})).await;
    let given_back = async {
        loop {
            let command = work.bus.commands().get(&DOMAIN, id).await.unwrap().unwrap();
            if command.delivery > 0 && command.status == commandbus::message::CommandStatus::Pending {
                return command;
            }
            tokio::task::yield_now().await;
        }
    };
    let command = tokio::time::timeout(Duration::from_secs(20), given_back).await.unwrap();
    assert_eq!((command.attempts, command.last_error_code), (0, None));
    work.end().await;
}

#[tokio::test]
async fn a_newer_version_is_parked_where_that_is_asked_for() {
    let work = AtWork::new(commandbus::worker::WorkerBuilder::park_unknown_types);
    let id = work.send("Transfer", 4, json!({"cents": 5, "currency": "EUR"})).await;
    let parked = work.parked(id).await.parked;
    assert_eq!(parked.reason, "UNDECODABLE");
    let words = "the payload is version 4 of `Transfer`, but this program knows 1, 2 and 3";
    assert_eq!(parked.error_msg.as_deref(), Some(words));
    work.end().await;
}

#[test]
fn versions_are_static_data() {
    assert_eq!((Transfer::SPEC.version, Transfer::SPEC.upcasts_from()), (3, [1, 2].as_slice()));
    assert_eq!((Forgetful::SPEC.version, Forgetful::SPEC.upcasts_from()), (2, [].as_slice()));
    assert!(Transfer::SPEC.knows_version(1) && !Transfer::SPEC.knows_version(4));
    assert!(Forgetful::SPEC.knows_version(2) && !Forgetful::SPEC.knows_version(1));
}
