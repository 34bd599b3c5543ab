//! An older payload on its way through a worker and an operator's hands, on each store.

use commandbus::{
    bus::UntypedCommand,
    message::{CommandId, CommandStatus, Domain},
    ops::{Case, MASK, OpsError},
    prelude::*,
    store::{Page, ParkedFilter},
};
use commandbus_tests::TestDatabase;
use serde_json::{Value, json};

use crate::{
    house::AtWork,
    time::{soon, until},
};

static DOMAIN: Domain = Domain::from_static("worker_versions");

#[derive(Deserialize)]
struct ChargeV1 {
    euros: i64,
    card: String,
}

#[command(domain = "worker_versions", reply = String, version = 2, upcast(1 = Charge::from_v1))]
#[derive(Serialize, Deserialize)]
struct Charge {
    cents: i64,
    #[command(sensitive)]
    card: String,
}

impl Charge {
    fn from_v1(old: ChargeV1) -> Result<Self, String> {
        let cents = old.euros.checked_mul(100).ok_or("more cents than there are")?;
        Ok(Self { cents, card: old.card })
    }
}

#[handler]
async fn charge(command: Charge, context: Context) -> Result<String, Failure> {
    if command.cents < 0 {
        return Err(Failure::permanent("NEGATIVE", "less than nothing"));
    }
    Ok(format!("{} from {} by version {}", command.cents, command.card, context.version()))
}

#[derive(Serialize, Deserialize)]
struct Order {}

#[process(domain = "worker_versions", steps = [charge])]
impl Order {
    fn charge(&self) -> Charge {
        Charge { cents: 5, card: "4242".into() }
    }
}

fn at_work(bus: &Bus) -> AtWork {
    AtWork::start(Worker::new(bus, DOMAIN.as_str()))
}

fn version_one(data: Value) -> UntypedCommand {
    UntypedCommand::new(DOMAIN.clone(), "Charge", data)
}

async fn parked(bus: &Bus, id: CommandId) -> Case {
    until(async || bus.commands().get(&DOMAIN, id).await.unwrap().unwrap().status == CommandStatus::InTroubleshooting)
        .await;
    bus.troubleshooting().show(&DOMAIN, id).await.unwrap()
}

/// A database with the schema, and a bus on it.
async fn on_postgres() -> (Bus, TestDatabase) {
    let database = TestDatabase::new().await;
    (Bus::new(database.pool().await), database)
}

async fn an_older_payload_is_handled(bus: &Bus) {
    // It waits in the queue while the program is exchanged for one that knows only its upcast.
    let sent = bus.send_untyped(version_one(json!({ "euros": 5, "card": "4242" }))).await.unwrap();
    let worker = at_work(bus);
    assert_eq!(soon(sent.reply()).await.unwrap(), "500 from 4242 by version 1");
    let sent = Charge { cents: 7, card: "4242".into() }.send(bus).await.unwrap();
    assert_eq!(soon(sent.reply()).await.unwrap(), "7 from 4242 by version 2");
    worker.stop().await;
}

async fn an_edited_payload_is_of_the_current_version(bus: &Bus) {
    let worker = at_work(bus);
    let sent = bus.send_untyped(version_one(json!({ "euros": -5, "card": "4242" }))).await.unwrap();
    let case = parked(bus, sent.id()).await;
    assert_eq!(case.parked.payload, Some(json!({ "euros": -5, "card": MASK })));
    assert_eq!(case.parked.version, 1);

    let operator = bus.troubleshooting().by("alice").because("a minus too many");
    let older = operator.retry_edited::<Charge>(sent.id(), &json!({ "euros": 5, "card": MASK })).await;
    assert!(matches!(older, Err(OpsError::Undecodable { .. })), "{older:?}");
    operator.retry_edited::<Charge>(sent.id(), &json!({ "cents": 5, "card": MASK })).await.unwrap();
    assert_eq!(soon(sent.reply()).await.unwrap(), "5 from 4242 by version 2", "what was masked is what was stored");
    worker.stop().await;
}

async fn an_untyped_edit_keeps_version_and_masked_values(bus: &Bus) {
    let worker = at_work(bus);
    let sent = bus.send_untyped(version_one(json!({ "euros": -5, "card": "4242" }))).await.unwrap();
    parked(bus, sent.id()).await;
    let listed = bus.troubleshooting().list(&ParkedFilter::in_domain(DOMAIN.clone()), Page::first(10)).await.unwrap();
    assert_eq!(listed[0].payload.as_ref().unwrap()["card"], MASK);
    let operator = bus.troubleshooting().by("alice").because("a minus too many");
    operator.retry_edited_untyped(&DOMAIN, sent.id(), &json!({ "euros": 5, "card": MASK })).await.unwrap();
    assert_eq!(soon(sent.reply()).await.unwrap(), "500 from 4242 by version 1");

    let bare = bus.send_untyped(version_one(json!({ "euros": 5 }))).await.unwrap();
    parked(bus, bare.id()).await;
    let refused = operator.retry_edited::<Charge>(bare.id(), &json!({ "cents": 5, "card": MASK })).await.unwrap_err();
    assert!(matches!(&refused, OpsError::NothingBehindMask { field, .. } if field == "card"), "{refused}");
    worker.stop().await;
}

async fn the_timeline_of_a_process_is_masked(bus: &Bus) {
    let started = (Order {}).start(bus).await.unwrap();
    let steps = bus.processes().steps(&DOMAIN, started.id()).await.unwrap();
    assert_eq!(steps[0].command_data, Some(json!({ "cents": 5, "card": MASK })));
    let worker = at_work(bus);
    until(async || bus.processes().get(&DOMAIN, started.id()).await.unwrap().unwrap().status.is_terminal()).await;
    let answer = bus.processes().steps(&DOMAIN, started.id()).await.unwrap().remove(0).reply_data;
    assert_eq!(answer, Some(json!("5 from 4242 by version 2")), "what a process sends names its version, and is whole");
    worker.stop().await;
}

async fn a_database_is_compared_with_the_catalog(bus: &Bus) {
    let newer = version_one(json!({ "cents": 5 })).with_version(3);
    bus.send_untyped(newer).await.unwrap();
    bus.send_untyped(UntypedCommand::new(DOMAIN.clone(), "Refund", json!({}))).await.unwrap();
    bus.send_untyped(version_one(json!({ "euros": 5, "card": "4242" }))).await.unwrap();
    Order {}.start(bus).await.unwrap();
    let compatibility = commandbus::catalog().check(bus).await.unwrap();
    let expected = "this program cannot handle everything that the database holds:
  - 1 PENDING of type `Charge` in domain `worker_versions`: they are of version 3, and the versions known here are 1, 2
  - 1 PENDING of type `Refund` in domain `worker_versions`: no handler here takes it";
    assert_eq!(compatibility.to_string(), expected);
}

macro_rules! on_each_store {
    ($($case:ident,)+) => {
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&commandbus::prelude::Bus::in_memory()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                let (bus, _database) = super::on_postgres().await;
                super::$case(&bus).await;
            })+
        }
    };
}

on_each_store! {
    an_older_payload_is_handled,
    an_edited_payload_is_of_the_current_version,
    an_untyped_edit_keeps_version_and_masked_values,
    the_timeline_of_a_process_is_masked,
    a_database_is_compared_with_the_catalog,
}
