use commandbus::{
    message::{CommandStatus, Domain, ProcessStatus},
    store::{CommandCount, ProcessCount},
};
use serde_json::{Value, json};

use crate::contract::{
    verdicts::{complete, fail, park, retry},
    world::{
        World, debit,
        process::{TRANSFERS, transfer},
    },
};

/// Sends a command of this type and version.
async fn send(world: &World, domain: &Domain, command_type: &'static str, headers: Value) {
    let mut command = debit(100);
    command.command_type = command_type.into();
    command.headers = headers.as_object().cloned();
    world.store.ensure_queues(domain, &[]).await.unwrap();
    world.store.send(domain, &[command]).await.unwrap();
}

async fn commands(world: &World) -> Vec<(String, u32, CommandStatus, u64)> {
    let counts = world.store.inventory().await.unwrap().commands;
    let told = |CommandCount { domain, command_type, version, status, count }| {
        (format!("{domain}.{command_type}"), version, status, count)
    };
    counts.into_iter().map(told).collect()
}

async fn processes(world: &World) -> Vec<(String, Option<String>, u64)> {
    let counts = world.store.inventory().await.unwrap().processes;
    let told = |ProcessCount { domain, process_type, step_name, count }| {
        (format!("{domain}.{process_type}"), step_name, count)
    };
    counts.into_iter().map(told).collect()
}

pub(crate) async fn commands_that_are_not_over_are_counted_by_type_version_and_status(world: &World) {
    use CommandStatus::{InProgress, InTroubleshooting, Pending};

    let version = |version: u32| json!({ "x-commandbus-version": version });
    let payments = &world.domain;
    send(world, payments, "CloseMonth", version(2)).await;
    world.run(park()).await;
    send(world, payments, "CloseMonth", json!(null)).await;
    world.run(park()).await;
    world.sent_and_run(complete()).await;
    world.sent_and_run(fail()).await;
    world.sent_and_run(retry()).await;
    send(world, payments, "OpenAccount", version(3)).await;
    world.delivery().await;
    for headers in [json!(null), json!({ "traceparent": "00" }), version(2), json!({ "x-commandbus-version": "odd" })] {
        send(world, payments, "DebitAccount", headers).await;
    }
    send(world, &Domain::from_static("ledger"), "DebitAccount", version(2)).await;
    // What belongs to no command is not counted.
    for body in [json!({ "command_type": "DebitAccount" }), json!("odd"), json!({ "command_id": "odd" })] {
        world.harness.put(&payments.commands_queue(), body).await;
    }

    let expected = [
        ("ledger.DebitAccount", 2, Pending, 1),
        ("payments.CloseMonth", 1, InTroubleshooting, 1),
        ("payments.CloseMonth", 2, InTroubleshooting, 1),
        ("payments.DebitAccount", 0, Pending, 1),
        ("payments.DebitAccount", 1, Pending, 3),
        ("payments.DebitAccount", 2, Pending, 1),
        ("payments.OpenAccount", 3, InProgress, 1),
    ];
    let expected = expected.map(|(name, version, status, count)| (name.to_owned(), version, status, count));
    assert_eq!(commands(world).await, expected);
}

pub(crate) async fn processes_that_have_not_ended_are_counted_by_type_and_step(world: &World) {
    let ended = world.start(transfer(&["wrap"])).await;
    world.run(complete()).await;
    world.take_in(ended, ProcessStatus::Completed, Vec::new()).await;
    world.start(transfer(&["debit", "credit"])).await;
    world.start(transfer(&["debit"])).await;
    let mut other = transfer(&["leave"]);
    other.process_type = "Tour".into();
    world.start(other).await;

    let name = |name: &str| format!("{TRANSFERS}.{name}");
    let step = |step: &str| Some(step.to_owned());
    let expected = [
        (name("Tour"), None, 1),
        (name("Tour"), step("leave"), 1),
        (name("Transfer"), None, 2),
        (name("Transfer"), step("credit"), 1),
        (name("Transfer"), step("debit"), 2),
    ];
    assert_eq!(processes(world).await, expected);
}

pub(crate) async fn nothing_is_left_when_all_is_over(world: &World) {
    assert_eq!((commands(world).await, processes(world).await), (vec![], vec![]));
    world.sent_and_run(complete()).await;
    world.sent_and_run(fail()).await;
    let parked = world.sent_and_run(park()).await;
    assert_eq!(commands(world).await.len(), 1);
    world.resolve(parked, commandbus::store::OperatorVerb::Cancel).await;
    assert_eq!(commands(world).await, []);
}
