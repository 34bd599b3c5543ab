use std::{collections::BTreeMap, time::Duration};

use commandbus::{
    message::{BatchId, CommandId, CommandStatus, Domain, group::HEADER},
    store::{Canceled, Delivery, NewCommand, OperatorVerb, Resolution, Settled, Start},
};
use serde_json::{Value, json};

use crate::contract::{
    verdicts::{BACKOFF, again, complete, completed, fail, give_back, park, retry},
    world::{LEASE, World, debit, process::transfer},
};

fn grouped(key: impl Into<Value>) -> NewCommand {
    let headers = [(HEADER.to_owned(), key.into())].into_iter().collect();
    NewCommand { headers: Some(headers), ..debit(100) }
}

async fn sent(world: &World, key: &str) -> CommandId {
    world.send(grouped(key)).await
}

async fn sent_times(world: &World, key: &str, times: usize) -> Vec<CommandId> {
    let mut ids = Vec::new();
    for _ in 0..times {
        ids.push(sent(world, key).await);
    }
    ids
}

async fn batch(world: &World, keys: &[&str]) -> (BatchId, Vec<CommandId>) {
    let (batch, commands) = (world.new_batch(), keys.iter().map(|key| grouped(*key)).collect::<Vec<_>>());
    let batch_id = batch.batch_id;
    world.create(batch, &commands).await.unwrap();
    (batch_id, commands.iter().map(|command| command.command_id).collect())
}

/// Receives everything that can be received, and says what.
async fn received(world: &World) -> Vec<CommandId> {
    ids(&world.deliveries().await)
}

fn ids(deliveries: &[Delivery]) -> Vec<CommandId> {
    deliveries.iter().map(|delivery| delivery.token.command_id).collect()
}

/// Runs everything, one round of what can be received after the other.
async fn rounds(world: &World) -> Vec<Vec<CommandId>> {
    let mut rounds = Vec::new();
    loop {
        let deliveries = world.deliveries().await;
        if deliveries.is_empty() {
            return rounds;
        }
        rounds.push(ids(&deliveries));
        let settled = world.settle_all(deliveries.iter().map(|delivery| (delivery.token, complete()))).await;
        assert!(settled.iter().all(|settled| *settled == Settled::Recorded));
    }
}

fn one_by_one(ids: &[CommandId]) -> Vec<Vec<CommandId>> {
    ids.iter().map(|id| vec![*id]).collect()
}

async fn cancel(world: &World, id: CommandId) {
    let canceled = world.store.cancel(&world.domain, &[id], "ada", "sent twice").await.unwrap();
    assert_eq!(canceled, [Canceled::Canceled]);
}

async fn pause(world: &World, batch: Option<BatchId>, paused: bool) {
    world.store.set_paused(&world.domain, batch, paused, "olivia", None).await.unwrap();
}

pub(crate) async fn a_group_runs_one_at_a_time_in_the_order_it_was_sent(world: &World) {
    let ids = sent_times(world, "a", 3).await;
    let first = world.delivery().await;
    assert_eq!(first.token.command_id, ids[0]);
    assert_eq!(first.headers[HEADER], "a");
    assert!(received(world).await.is_empty());
    assert_eq!(world.status(ids[1]).await, CommandStatus::Pending);
    world.settle(first.token, complete()).await;
    assert_eq!(rounds(world).await, one_by_one(&ids[1..]));
    assert!(world.waiting().await.is_empty());
}

pub(crate) async fn one_send_may_fill_a_group(world: &World) {
    let commands: Vec<NewCommand> = ["a", "b", "a", "a"].map(grouped).into();
    world.store.send(&world.domain, &commands).await.unwrap();
    let id = |n: usize| commands[n].command_id;
    assert_eq!(rounds(world).await, [vec![id(0), id(1)], vec![id(2)], vec![id(3)]]);
}

pub(crate) async fn commands_without_a_group_run_beside_it(world: &World) {
    let held = sent_times(world, "a", 2).await;
    let single = world.send(debit(100)).await;
    let none = world.send(grouped(Value::Null)).await;
    assert_eq!(received(world).await, [held[0], single, none]);
    let later = world.send(debit(100)).await;
    assert_eq!(received(world).await, [later]);
    assert_eq!(world.command(none).await.group, None);
}

pub(crate) async fn groups_do_not_wait_for_each_other(world: &World) {
    let mut groups = BTreeMap::new();
    for key in ["a", "b", "c"] {
        groups.insert(key, sent_times(world, key, 2).await);
    }
    let first = world.deliveries().await;
    assert_eq!(ids(&first), groups.values().map(|ids| ids[0]).collect::<Vec<_>>());
    world.settle(first[1].token, complete()).await;
    assert_eq!(received(world).await, [groups["b"][1]]);
}

pub(crate) async fn any_type_of_key_is_a_group(world: &World) {
    let number = world.send(grouped(7)).await;
    sent(world, "7").await;
    let truth = world.send(grouped(true)).await;
    let empty = sent(world, "").await;
    assert_eq!(received(world).await, [number, truth, empty]);
    assert_eq!(world.command(number).await.group.as_deref(), Some("7"));
}

pub(crate) async fn many_groups_all_get_their_turns(world: &World) {
    let commands: Vec<NewCommand> = (0..700).map(|n| grouped(n % 350)).collect();
    world.store.send(&world.domain, &commands).await.unwrap();
    let mut last = BTreeMap::new();
    let mut runs = 0;
    for round in rounds(world).await {
        for id in round {
            let place = commands.iter().position(|command| command.command_id == id).unwrap();
            let before = last.insert(place % 350, place);
            assert_eq!(before, place.checked_sub(350));
            runs += 1;
        }
    }
    assert_eq!(runs, 700);
}

pub(crate) async fn a_command_tells_its_group_and_what_it_waits_for(world: &World) {
    let ids = sent_times(world, "a", 3).await;
    let first = world.delivery().await.token;
    let [head, second, third] = [ids[0], ids[1], ids[2]];
    for (id, behind) in [(head, None), (second, Some(head)), (third, Some(head))] {
        let row = world.command(id).await;
        assert_eq!((row.group.as_deref(), row.held_behind), (Some("a"), behind));
    }
    world.settle(first, complete()).await;
    let (ended, next, last) = (world.command(head).await, world.command(second).await, world.command(third).await);
    assert_eq!((ended.group, ended.held_behind), (None, None));
    assert_eq!((next.held_behind, last.held_behind), (None, Some(second)));
}

pub(crate) async fn commands_of_different_types_share_a_group(world: &World) {
    let debit = sent(world, "a").await;
    let credit = world.send(NewCommand { command_type: "CreditAccount".into(), ..grouped("a") }).await;
    assert_eq!(rounds(world).await, one_by_one(&[debit, credit]));
}

pub(crate) async fn the_same_key_in_two_domains_is_two_groups(world: &World) {
    let billing = Domain::from_static("billing");
    world.store.ensure_queues(&billing, &[]).await.unwrap();
    sent(world, "a").await;
    world.delivery().await;
    let other = grouped("a");
    world.store.send(&billing, std::slice::from_ref(&other)).await.unwrap();
    let deliveries = world.store.receive(&billing, 10, LEASE).await.unwrap().deliveries;
    assert_eq!(ids(&deliveries), [other.command_id]);
}

pub(crate) async fn a_duplicate_does_not_join_a_group(world: &World) {
    let first = sent(world, "a").await;
    let again = NewCommand { command_id: first, ..grouped("b") };
    let behind = grouped("b");
    world.store.send(&world.domain, &[again, behind.clone()]).await.unwrap();
    assert_eq!(received(world).await, [first, behind.command_id]);
    assert_eq!(world.command(first).await.group.as_deref(), Some("a"));
}

pub(crate) async fn a_backoff_holds_the_group(world: &World) {
    let ids = sent_times(world, "a", 2).await;
    world.run(retry()).await;
    assert!(received(world).await.is_empty());
    assert_eq!(world.command(ids[1]).await.held_behind, Some(ids[0]));
    world.pass_time(BACKOFF).await;
    assert_eq!(rounds(world).await, one_by_one(&ids));
}

pub(crate) async fn a_command_given_back_holds_its_group(world: &World) {
    let ids = sent_times(world, "a", 2).await;
    world.run(give_back()).await;
    assert_eq!(rounds(world).await, one_by_one(&ids));
}

pub(crate) async fn a_command_whose_worker_died_holds_its_group(world: &World) {
    let ids = sent_times(world, "a", 2).await;
    world.delivery().await;
    world.pass_time(LEASE).await;
    let again = world.delivery().await;
    assert_eq!((again.token.command_id, again.attempt), (ids[0], 2));
    world.settle(again.token, complete()).await;
    assert_eq!(received(world).await, [ids[1]]);
}

pub(crate) async fn a_command_that_workers_died_on_holds_its_group(world: &World) {
    let ids = sent_times(world, "a", 2).await;
    for _ in 0..3 {
        assert_eq!(received(world).await, [ids[0]]);
        world.pass_time(LEASE).await;
    }
    assert_eq!(world.receive().await.parked, [ids[0]]);
    assert!(received(world).await.is_empty());
    assert_eq!(world.parked().await[0].holds, 1);
    world.resolve(ids[0], OperatorVerb::Cancel).await;
    assert_eq!(received(world).await, [ids[1]]);
}

pub(crate) async fn a_refused_command_gives_the_turn_on(world: &World) {
    let ids = sent_times(world, "a", 2).await;
    world.run(fail()).await;
    assert_eq!(received(world).await, [ids[1]]);
}

pub(crate) async fn a_parked_command_holds_its_group_and_tells_how_many(world: &World) {
    let ids = sent_times(world, "a", 3).await;
    let alone = world.send(debit(100)).await;
    let deliveries = world.deliveries().await;
    world.settle_all(deliveries.iter().map(|delivery| (delivery.token, park()))).await;
    assert!(received(world).await.is_empty());
    let parked = world.parked().await;
    let [of_group, of_none] = [ids[0], alone].map(|id| parked.iter().find(|one| one.command_id == id).unwrap());
    assert_eq!((of_group.group.as_deref(), of_group.holds), (Some("a"), 2));
    assert_eq!((of_none.group.as_deref(), of_none.holds), (None, 0));
    assert_eq!(world.command(ids[2]).await.held_behind, Some(ids[0]));
    sent(world, "a").await;
    assert!(received(world).await.is_empty());
    assert_eq!(world.parked().await.iter().map(|parked| parked.holds).max(), Some(3));
}

pub(crate) async fn an_operators_retry_returns_it_to_its_place(world: &World) {
    let ids = sent_times(world, "a", 3).await;
    world.run(complete()).await;
    world.run(park()).await;
    let later = sent(world, "a").await;
    assert_eq!(world.resolve(ids[1], again()).await, Resolution::Done);
    assert_eq!(world.command(ids[2]).await.held_behind, Some(ids[1]));
    assert_eq!(rounds(world).await, one_by_one(&[ids[1], ids[2], later]));
}

pub(crate) async fn what_an_operator_ends_gives_the_turn_on(world: &World) {
    let ids = sent_times(world, "a", 3).await;
    world.run(park()).await;
    assert_eq!(world.resolve(ids[0], completed()).await, Resolution::Done);
    world.run(park()).await;
    assert_eq!(world.resolve(ids[1], OperatorVerb::Cancel).await, Resolution::Done);
    assert_eq!(received(world).await, [ids[2]]);
}

pub(crate) async fn a_held_command_is_canceled_in_its_place(world: &World) {
    let ids = sent_times(world, "a", 3).await;
    let first = world.delivery().await;
    let held = world.command(ids[1]).await.msg_id.unwrap();
    cancel(world, ids[1]).await;
    assert_eq!(world.archived().await, [held]);
    assert_eq!(world.command(ids[1]).await.group, None);
    assert!(received(world).await.is_empty());
    world.settle(first.token, complete()).await;
    assert_eq!(rounds(world).await, one_by_one(&ids[2..]));
}

pub(crate) async fn a_canceled_first_one_gives_the_turn_on(world: &World) {
    let ids = sent_times(world, "a", 4).await;
    cancel(world, ids[0]).await;
    world.run(retry()).await;
    cancel(world, ids[1]).await;
    world.run(give_back()).await;
    cancel(world, ids[2]).await;
    assert_eq!(received(world).await, [ids[3]]);
}

pub(crate) async fn canceling_the_rest_of_a_batch_frees_its_groups(world: &World) {
    let (batch, ids) = batch(world, &["a", "b", "a", "b"]).await;
    let later = sent(world, "a").await;
    let also = sent(world, "b").await;
    let deliveries = world.store.receive(&world.domain, 1, LEASE).await.unwrap().deliveries;
    assert_eq!(deliveries.len(), 1);
    let running = deliveries[0].token;
    let at = ids.iter().position(|id| *id == running.command_id).unwrap();
    let (freed, held) = if at == 0 { (also, later) } else { (later, also) };
    assert_eq!(world.store.cancel_rest(&world.domain, batch, "ada", "enough").await.unwrap(), 3);
    assert_eq!(received(world).await, [freed]);
    world.settle(running, complete()).await;
    assert_eq!(received(world).await, [held]);
}

pub(crate) async fn a_delayed_command_holds_those_behind_it(world: &World) {
    let delayed = world.send(NewCommand { start: Start::After(Duration::from_secs(60)), ..grouped("a") }).await;
    let behind = sent(world, "a").await;
    assert!(received(world).await.is_empty());
    assert_eq!(world.command(behind).await.held_behind, Some(delayed));
    world.pass_time(Duration::from_secs(60)).await;
    assert_eq!(rounds(world).await, one_by_one(&[delayed, behind]));
}

pub(crate) async fn a_delay_runs_while_a_command_is_held(world: &World) {
    let first = sent(world, "a").await;
    let delayed = world.send(NewCommand { start: Start::After(Duration::from_secs(60)), ..grouped("a") }).await;
    let token = world.delivery().await.token;
    assert_eq!(token.command_id, first);
    world.pass_time(Duration::from_secs(20)).await;
    world.settle(token, complete()).await;
    assert!(received(world).await.is_empty(), "its turn has come, its time has not");
    world.pass_time(Duration::from_secs(40)).await;
    assert_eq!(received(world).await, [delayed]);
}

pub(crate) async fn a_batch_runs_its_groups_in_order(world: &World) {
    let (batch, ids) = batch(world, &["a", "b", "a", "b", "a"]).await;
    let later = sent(world, "a").await;
    let runs = [vec![ids[0], ids[1]], vec![ids[2], ids[3]], vec![ids[4]], vec![later]];
    assert_eq!(rounds(world).await, runs);
    assert!(world.batch(batch).await.status.is_terminal());
}

pub(crate) async fn a_batch_queues_behind_what_was_sent_before(world: &World) {
    let before = sent(world, "a").await;
    let (_, ids) = batch(world, &["a", "b"]).await;
    assert_eq!(rounds(world).await, [vec![before, ids[1]], vec![ids[0]]]);
}

pub(crate) async fn two_batches_may_share_groups(world: &World) {
    let (_, first) = batch(world, &["a", "b", "c"]).await;
    let (_, second) = batch(world, &["c", "d", "a"]).await;
    let both = [vec![first[0], first[1], first[2], second[1]], vec![second[0], second[2]]];
    assert_eq!(rounds(world).await, both);
}

pub(crate) async fn a_batch_in_chunks_keeps_its_groups_in_order(world: &World) {
    let commands: Vec<NewCommand> = (0..6).map(|n| grouped(n % 2)).collect();
    let mut writer = world.store.begin_batch(world.new_batch()).await.unwrap();
    for chunk in commands.chunks(2) {
        writer.add(chunk).await.unwrap();
    }
    writer.finish().await.unwrap().unwrap();
    let chunks: Vec<_> =
        commands.chunks(2).map(|chunk| chunk.iter().map(|command| command.command_id).collect::<Vec<_>>()).collect();
    assert_eq!(rounds(world).await, chunks);
}

pub(crate) async fn a_paused_batch_holds_its_groups(world: &World) {
    let (batch, ids) = batch(world, &["a", "a"]).await;
    let behind = sent(world, "a").await;
    pause(world, Some(batch), true).await;
    assert_eq!(world.receive().await.held, 1);
    assert!(received(world).await.is_empty());
    assert_eq!(world.command(behind).await.held_behind, Some(ids[0]));
    pause(world, Some(batch), false).await;
    assert_eq!(received(world).await, [ids[0]], "what its group holds stays hidden");
}

pub(crate) async fn a_pause_between_two_of_a_group_holds_the_second(world: &World) {
    let (batch, ids) = batch(world, &["a", "a"]).await;
    let running = world.delivery().await.token;
    pause(world, Some(batch), true).await;
    world.settle(running, complete()).await;
    assert_eq!(world.receive().await.held, 1);
    pause(world, Some(batch), false).await;
    assert_eq!(received(world).await, [ids[1]]);
}

pub(crate) async fn a_paused_domain_gives_no_turns(world: &World) {
    let ids = sent_times(world, "a", 2).await;
    let running = world.delivery().await.token;
    pause(world, None, true).await;
    world.settle(running, complete()).await;
    assert!(received(world).await.is_empty());
    pause(world, None, false).await;
    assert_eq!(received(world).await, [ids[1]]);
}

pub(crate) async fn a_group_that_ended_begins_anew(world: &World) {
    for _ in 0..3 {
        let id = sent(world, "a").await;
        assert_eq!(rounds(world).await, one_by_one(&[id]));
    }
}

pub(crate) async fn a_step_of_a_process_takes_its_place_in_a_group(world: &World) {
    let first = sent(world, "a").await;
    let mut process = transfer(&["debit"]);
    process.steps[0].command.headers = Some([(HEADER.to_owned(), json!("a"))].into_iter().collect());
    let step = process.steps[0].command.command_id;
    world.start(process).await;
    let last = sent(world, "a").await;
    assert_eq!(rounds(world).await, one_by_one(&[first, step, last]));
}

pub(crate) async fn what_follows_a_batch_may_be_grouped(world: &World) {
    let then = grouped("a");
    let (mut batch, member) = (world.new_batch(), grouped("a"));
    batch.then = Some((world.domain.clone(), then.clone()));
    world.create(batch, std::slice::from_ref(&member)).await.unwrap();
    let between = sent(world, "a").await;
    assert_eq!(rounds(world).await, one_by_one(&[member.command_id, between, then.command_id]));
}
