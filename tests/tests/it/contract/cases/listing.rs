use commandbus::{
    message::{CommandId, CommandStatus, Domain, Failure},
    store::{CommandFilter, Page, ParkReason, Parked, ParkedFilter},
};

use crate::contract::{
    verdicts::{complete, park, park_as},
    world::{LEASE, World, debit},
};

fn commands_where(restrict: impl FnOnce(&mut CommandFilter)) -> CommandFilter {
    let mut filter = CommandFilter::default();
    restrict(&mut filter);
    filter
}

fn parked_where(restrict: impl FnOnce(&mut ParkedFilter)) -> ParkedFilter {
    let mut filter = ParkedFilter::default();
    restrict(&mut filter);
    filter
}

async fn list(world: &World, filter: CommandFilter) -> Vec<CommandId> {
    let found = world.store.commands(&filter, Page::first(100)).await.unwrap();
    found.iter().map(|command| command.command_id).collect()
}

async fn list_parked(world: &World, filter: &ParkedFilter) -> Vec<CommandId> {
    let found = world.store.parked(filter, Page::first(100)).await.unwrap();
    assert_eq!(world.store.count_parked(filter).await.unwrap(), found.len() as u64);
    found.iter().map(|parked| parked.command_id).collect()
}

/// Parks a command of this type with this failure.
async fn parked(world: &World, command_type: &'static str, code: &'static str, message: &str) -> CommandId {
    let mut command = debit(100);
    command.command_type = command_type.into();
    let id = world.send(command).await;
    world.run(park_as(ParkReason::Permanent, Failure::permanent(code, message))).await;
    id
}

pub(crate) async fn commands_come_newest_first(world: &World) {
    let (first, second, third) = (world.send(debit(1)).await, world.send(debit(2)).await, world.send(debit(3)).await);
    assert_eq!(list(world, CommandFilter::default()).await, [third, second, first]);
}

pub(crate) async fn commands_come_in_pages(world: &World) {
    let (_, mut ids) = world.batch_of(5).await;
    ids.reverse();
    let mut page = Page::first(2);
    let mut seen = Vec::new();
    for expected in [2, 2, 1, 0] {
        let found = world.store.commands(&CommandFilter::default(), page).await.unwrap();
        assert_eq!(found.len(), expected);
        seen.extend(found.iter().map(|command| command.command_id));
        page.after = seen.last().copied();
    }
    assert_eq!(seen, ids);
}

pub(crate) async fn commands_are_found_by_each_of_their_properties(world: &World) {
    let ledger = Domain::from_static("ledger");
    world.store.ensure_queues(&ledger, &[]).await.unwrap();
    let elsewhere = debit(1);
    world.store.send(&ledger, std::slice::from_ref(&elsewhere)).await.unwrap();
    let done = world.sent_and_run(complete()).await;
    let (batch, members) = world.batch_of(1).await;
    let mut other = debit(2);
    other.command_type = "CloseMonth".into();
    let correlation_id = other.correlation_id;
    let other = world.send(other).await;

    assert_eq!(list(world, commands_where(|by| by.domain = Some(ledger))).await, [elsewhere.command_id]);
    assert_eq!(list(world, commands_where(|by| by.status = Some(CommandStatus::Completed))).await, [done]);
    assert_eq!(list(world, commands_where(|by| by.batch_id = Some(batch))).await, members);
    assert_eq!(list(world, commands_where(|by| by.command_type = Some("CloseMonth".into()))).await, [other]);
    assert_eq!(list(world, commands_where(|by| by.correlation_id = Some(correlation_id))).await, [other]);
    let nobody = commands_where(|by| {
        by.batch_id = Some(batch);
        by.status = Some(CommandStatus::Failed);
    });
    assert!(list(world, nobody).await.is_empty());
}

pub(crate) async fn parked_commands_come_oldest_first_and_in_pages(world: &World) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.sent_and_run(park()).await);
    }
    let mut page = Page::first(2);
    let mut seen: Vec<Parked> = Vec::new();
    for expected in [2, 2, 1, 0] {
        let found = world.store.parked(&ParkedFilter::default(), page).await.unwrap();
        assert_eq!(found.len(), expected);
        seen.extend(found);
        page.after = seen.last().map(|parked| parked.parked_id);
    }
    assert_eq!(seen.iter().map(|parked| parked.command_id).collect::<Vec<_>>(), ids);
}

pub(crate) async fn parked_commands_are_found_by_each_of_their_properties(world: &World) {
    let debit_gone = parked(world, "DebitAccount", "GONE", "account 1 is gone").await;
    let close_gone = parked(world, "CloseMonth", "GONE", "account 2 is gone").await;
    let debit_broke = parked(world, "DebitAccount", "BROKE", "account 3 is broke").await;
    let (batch, members) = world.batch_of(1).await;
    world.run(park()).await;
    world.sent_and_run(complete()).await;

    let everything = [debit_gone, close_gone, debit_broke, members[0]];
    let payments = world.domain.clone();
    assert_eq!(list_parked(world, &ParkedFilter::default()).await, everything);
    assert_eq!(list_parked(world, &parked_where(|by| by.domain = Some(payments))).await, everything);
    let ledger = parked_where(|by| by.domain = Some(Domain::from_static("ledger")));
    assert!(list_parked(world, &ledger).await.is_empty());
    let closing = parked_where(|by| by.command_type = Some("CloseMonth".into()));
    assert_eq!(list_parked(world, &closing).await, [close_gone]);
    let gone = parked_where(|by| by.error_code = Some("GONE".into()));
    assert_eq!(list_parked(world, &gone).await, [debit_gone, close_gone]);
    let alike = parked_where(|by| by.fingerprint = Some("DebitAccount:BROKE:account # is broke".into()));
    assert_eq!(list_parked(world, &alike).await, [debit_broke]);
    assert_eq!(list_parked(world, &parked_where(|by| by.batch_id = Some(batch))).await, members);
    assert_eq!(list_parked(world, &parked_where(|by| by.command_id = Some(debit_gone))).await, [debit_gone]);
}

pub(crate) async fn parked_commands_are_grouped_by_what_went_wrong(world: &World) {
    parked(world, "DebitAccount", "BROKE", "account 1 is broke").await;
    for account in ["17", "4711", "0192f0c1-2345-7000-8000-00000000000a"] {
        parked(world, "DebitAccount", "GONE", &format!("account {account} is gone")).await;
    }
    parked(world, "CloseMonth", "GONE", "account 5 is gone").await;
    parked(world, "CloseMonth", "GONE", "account 6 is gone").await;

    let groups = world.store.parked_groups(&ParkedFilter::default()).await.unwrap();
    let found: Vec<_> = groups.iter().map(|group| (group.fingerprint.as_str(), group.count)).collect();
    let expected = [
        ("DebitAccount:GONE:account # is gone", 3),
        ("CloseMonth:GONE:account # is gone", 2),
        ("DebitAccount:BROKE:account # is broke", 1),
    ];
    assert_eq!(found, expected);
    assert_eq!(groups[0].domain, world.domain);
    assert_eq!((groups[0].command_type.as_str(), groups[0].error_code.as_deref()), ("DebitAccount", Some("GONE")));
    assert!(groups[0].example.as_ref().is_some_and(|example| example.ends_with(" is gone")));
    let oldest = world.parked().await[1].parked_at;
    assert_eq!(groups[0].oldest, oldest);

    let closing = parked_where(|by| by.command_type = Some("CloseMonth".into()));
    assert_eq!(world.store.parked_groups(&closing).await.unwrap().len(), 1);
}

pub(crate) async fn a_fingerprint_is_not_longer_than_anybody_reads(world: &World) {
    parked(world, "DebitAccount", "LONG", &"é".repeat(500)).await;
    assert_eq!(world.parked().await[0].fingerprint.chars().count(), 200);
}

pub(crate) async fn what_left_the_list_is_counted_no_more(world: &World) {
    let (id, _) = (world.sent_and_run(park()).await, world.sent_and_run(park()).await);
    assert_eq!(world.store.count_parked(&ParkedFilter::default()).await.unwrap(), 2);
    world.resolve(id, crate::contract::verdicts::again()).await;
    assert_eq!(world.store.count_parked(&ParkedFilter::default()).await.unwrap(), 1);
    let received = world.store.receive(&world.domain, 10, LEASE).await.unwrap();
    assert_eq!(received.deliveries[0].token.command_id, id);
}
