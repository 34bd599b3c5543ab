use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::{
    message::{CommandStatus, Domain},
    prelude::*,
    store::{CommandCount, Inventory, ProcessCount},
};

const DOMAIN: &str = "catalog_tests";

#[derive(Deserialize)]
struct TakeV1 {
    euros: i64,
}

#[command(
    domain = "catalog_tests", reply = i64, version = 3, upcast(2 = Take::from_v2, 1 = Take::from_v1), aliases("Grab"),
    backoff = "500ms, 90s", timeout = "30s", max_attempts = 7
)]
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Take {
    cents: i64,
    #[command(sensitive)]
    card: String,
}

impl Take {
    fn from_v1(old: TakeV1) -> i64 {
        old.euros * 100
    }

    fn from_v2(cents: i64) -> Self {
        Self { cents, card: String::new() }
    }
}

#[handler]
async fn take(command: Take) -> i64 {
    command.cents
}

#[command(domain = "catalog_tests")]
#[derive(Serialize, Deserialize)]
struct Give {
    cents: i64,
}

#[derive(Serialize, Deserialize)]
struct Swap;

#[process(domain = "catalog_tests", steps = [take, (give, thank)], deadline = "1h", aliases("Exchange"))]
impl Swap {
    #[step(timeout = "30s", aliases("grab"))]
    fn take(&self) -> Take {
        Take { cents: 5, card: "4242".into() }
    }

    #[undo(take)]
    fn give_back(&self) -> Give {
        Give { cents: 5 }
    }

    fn give(&self) -> Give {
        Give { cents: 5 }
    }

    fn thank(&self) -> Give {
        Give { cents: 0 }
    }
}

#[command(domain = "catalog_tests_of_sets")]
#[derive(Serialize, Deserialize)]
struct Count;

struct Counters;

#[handler_set]
impl Counters {
    #[handler]
    async fn count(&self, _: Count) {}
}

#[test]
fn the_handlers_of_a_set_are_listed_with_its_name_and_their_places() {
    let commands = catalog().commands;
    let count = commands.iter().find(|command| (command.domain, command.name) == ("catalog_tests_of_sets", "Count"));
    let [handler] = count.unwrap().handlers[..] else { panic!("{count:?}") };
    assert_eq!((handler.path, handler.set), ("commandbus::catalog::tests::Counters::count", Some("Counters")));
    assert!(handler.file.ends_with("catalog/tests.rs") && handler.line > 0, "{handler:?}");
    assert_eq!(serde_json::to_value(handler).unwrap(), json!("commandbus::catalog::tests::Counters::count"));

    let taken = commands.iter().find(|command| (command.domain, command.name) == (DOMAIN, "Take"));
    assert_eq!(taken.unwrap().handlers[0].set, None);
}

/// The catalog of this module; the other tests link commands too.
fn ours() -> Catalog {
    let Catalog { mut commands, mut processes } = catalog();
    commands.retain(|command| command.domain == DOMAIN);
    processes.retain(|process| process.domain == DOMAIN);
    Catalog { commands, processes }
}

#[test]
fn commands_and_processes_are_described_in_order() {
    let mut catalog = serde_json::to_value(ours()).unwrap();
    for list in ["commands", "processes"] {
        for member in catalog[list].as_array_mut().unwrap() {
            let fingerprint = member.as_object_mut().unwrap().remove("fingerprint").unwrap();
            assert_eq!(fingerprint.as_str().unwrap().len(), 16);
            let (payload, reply) = (member["payload"].take(), member["reply"].take());
            member.as_object_mut().unwrap().retain(|key, _| key != "payload" && key != "reply");
            let name = member["name"].as_str().unwrap();
            match (cfg!(feature = "schema"), name) {
                (true, "Take") => {
                    assert_eq!(payload["required"], json!(["cents", "card"]));
                    assert_eq!(reply["type"], "integer");
                }
                (true, "Give") => assert_eq!((payload, reply), (json!("missing: derive JsonSchema"), json!(null))),
                _ => assert_eq!((payload, reply), (json!(null), json!(null))),
            }
        }
    }
    let expected = json!({
        "commands": [
            {
                "domain": "catalog_tests", "name": "Give", "aliases": [], "version": 1, "upcasts_from": [],
                "max_attempts": 3, "backoff": ["10s", "60s", "300s"], "timeout": null, "sensitive": [],
                "declares_reply": false, "handlers": [],
            },
            {
                "domain": "catalog_tests", "name": "Take", "aliases": ["Grab"], "version": 3, "upcasts_from": [1, 2],
                "max_attempts": 7, "backoff": ["500ms", "90s"], "timeout": "30s", "sensitive": ["card"],
                "declares_reply": true, "handlers": ["commandbus::catalog::tests::take"],
            },
        ],
        "processes": [{
            "domain": "catalog_tests", "name": "Swap", "aliases": ["Exchange"], "deadline": "3600s",
            "steps": [
                {
                    "name": "take", "aliases": ["grab"], "group": 0, "command": "catalog_tests.Take", "timeout": "30s",
                    "undo": "catalog_tests.Give",
                },
                {"name": "give", "aliases": [], "group": 1, "command": "catalog_tests.Give", "timeout": null, "undo": null},
                {"name": "thank", "aliases": [], "group": 1, "command": "catalog_tests.Give", "timeout": null, "undo": null},
            ],
        }],
    });
    assert_eq!(catalog, expected);
}

#[test]
fn a_catalog_is_the_same_each_time() {
    assert_eq!(catalog(), catalog());
    let text = serde_json::to_string(&catalog()).unwrap();
    assert!(!text.contains(".rs") && !text.contains(env!("CARGO_MANIFEST_DIR")), "nothing of the machine is in it");
}

fn commands(command_type: &str, version: u32) -> CommandCount {
    let (domain, command_type) = (Domain::from_static(DOMAIN), command_type.to_owned());
    CommandCount { domain, command_type, version, status: CommandStatus::Pending, count: 2 }
}

fn processes(process_type: &str, step_name: Option<&str>) -> ProcessCount {
    let step_name = step_name.map(str::to_owned);
    ProcessCount { domain: Domain::from_static(DOMAIN), process_type: process_type.to_owned(), step_name, count: 1 }
}

#[test]
fn what_is_known_by_any_of_its_names_and_versions_is_compatible() {
    let elsewhere = Domain::from_static("elsewhere");
    let inventory = Inventory {
        commands: vec![
            commands("Take", 3),
            commands("Grab", 1),
            commands("Take", 2),
            // What nothing here handles is another program's.
            CommandCount { domain: elsewhere.clone(), ..commands("Take", 9) },
        ],
        processes: vec![
            processes("Swap", None),
            processes("Exchange", Some("grab")),
            processes("Swap", Some("thank")),
            ProcessCount { domain: elsewhere, ..processes("Tour", None) },
        ],
    };
    let compatibility = ours().compare(&inventory);
    assert!(compatibility.is_complete(), "{compatibility}");
}

#[test]
fn what_this_program_could_not_handle_is_told() {
    let inventory = Inventory {
        commands: vec![commands("Lend", 1), commands("Give", 1), commands("Take", 4)],
        processes: vec![
            processes("Tour", None),
            processes("Tour", Some("leave")),
            processes("Swap", None),
            processes("Swap", Some("wrap")),
        ],
    };
    let told = ours().compare(&inventory).to_string();
    let expected = "this program cannot handle everything that the database holds:
  - 2 PENDING of type `Lend` in domain `catalog_tests`: no handler here takes it
  - 2 PENDING of type `Give` in domain `catalog_tests`: no handler here takes it
  - 2 PENDING of type `Take` in domain `catalog_tests`: they are of version 4, and the versions known here are 1, 2, 3
  - 1 under way of process `Tour` in domain `catalog_tests`: no process here has this name
  - 1 under way of process `Swap` in domain `catalog_tests` have sent the step `wrap`, which it does not have here: keep it, \
                    or name it in the `aliases` of a step";
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_database_is_checked_as_it_is() {
    let bus = Bus::from_store(Arc::new(crate::store::memory::MemoryStore::new()));
    let domain = Domain::from_static(DOMAIN);
    Swap.start(&bus).await.unwrap();
    let newer = crate::bus::UntypedCommand::new(domain.clone(), "Take", json!({})).with_version(4);
    bus.send_untyped(newer).await.unwrap();
    let found = ours().check(&bus).await.unwrap().incompatibilities;
    let [Incompatibility::UnknownVersion { version: 4, known, count: 1, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(*known, [1, 2, 3]);
}
