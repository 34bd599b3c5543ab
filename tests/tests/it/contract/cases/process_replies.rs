use std::time::Duration;

use commandbus::{
    message::{CommandId, Outcome, ProcessId, ProcessStatus},
    store::{Page, ReplyAside, ReplyFate, StrayReplyReason},
};
use serde_json::json;

use crate::contract::{
    verdicts::{complete, complete_with},
    world::{
        LEASE, World,
        process::{TRANSFERS, parked_as, read_reply, transfer},
        raw, read,
    },
};

const PAUSE: Duration = Duration::from_secs(10);

pub(crate) async fn a_reply_is_received_as_it_was_sent(world: &World) {
    let id = world.started().await;
    assert!(world.process_replies().await.is_empty());
    world.run(complete_with(json!({ "hold": 7 }))).await;
    let received = world.process_reply().await;
    assert_eq!((received.reads, world.queued_replies().await), (1, vec![received.msg_id]));
    let reply = read_reply(&received);
    assert_eq!((reply.command_id, reply.correlation_id), (world.step_commands(id).await[0], Some(id.as_uuid())));
    assert_eq!((reply.outcome, read(&reply.result.unwrap())), (Outcome::Success, json!({ "hold": 7 })));
    let received = world.harness.messages(&TRANSFERS.process_replies_queue()).await.remove(0);
    assert_eq!(received.body["result"], json!({ "hold": 7 }));
}

pub(crate) async fn a_received_reply_is_hidden_until_its_lease_ends(world: &World) {
    world.started().await;
    world.run(complete()).await;
    let first = world.process_reply().await;
    assert!(world.process_replies().await.is_empty());
    for reads in 2..5 {
        world.pass_time(LEASE).await;
        let again = world.process_reply().await;
        assert_eq!((again.msg_id, again.reads), (first.msg_id, reads));
    }
}

pub(crate) async fn no_more_replies_are_received_than_asked_for(world: &World) {
    world.start(transfer(&["debit", "credit", "notify"])).await;
    world.run_all(complete).await;
    let receive = |limit| world.processes().receive_replies(&TRANSFERS, limit, LEASE);
    let first = receive(2).await.unwrap().replies;
    let second = receive(2).await.unwrap().replies;
    assert_eq!((first.len(), second.len()), (2, 1));
    assert!(first.iter().all(|reply| reply.msg_id != second[0].msg_id));
}

pub(crate) async fn replies_to_another_domain_are_not_received(world: &World) {
    world.started().await;
    world.run(complete()).await;
    let received = world.processes().receive_replies(&world.domain, 100, LEASE).await.unwrap();
    assert!(received.replies.is_empty() && received.due.is_empty());
    assert_eq!(world.process_replies().await.len(), 1);
}

pub(crate) async fn two_routers_never_get_the_same_reply(world: &World) {
    world.start(transfer(&["debit"; 12])).await;
    world.run_all(complete).await;
    let receive = || world.processes().receive_replies(&TRANSFERS, 8, LEASE);
    let (one, other) = tokio::join!(receive(), receive());
    let (one, other) = (one.unwrap().replies, other.unwrap().replies);
    let rest = world.process_replies().await;
    let mut all: Vec<_> = one.iter().chain(&other).chain(&rest).map(|reply| reply.msg_id).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), one.len() + other.len() + rest.len()), (12, 12));
}

pub(crate) async fn a_stray_reply_is_recorded_and_changes_nothing(world: &World) {
    use StrayReplyReason::{Duplicate, Foreign, Late};
    let id = world.start(transfer(&["debit", "credit", "notify"])).await;
    world.run_all(complete).await;
    let before = (world.find(id).await, world.sent_steps(id).await, world.load(id).await.revision);
    let replies = world.process_replies().await;
    for (reply, reason) in replies.iter().zip([Duplicate, Late, Foreign]) {
        world.set_aside(reply.msg_id, id, ReplyFate::Stray(reason)).await;
    }
    assert_eq!((world.find(id).await, world.sent_steps(id).await, world.load(id).await.revision), before);
    assert!(world.queued_replies().await.is_empty());
    let messages: Vec<_> = replies.iter().map(|reply| reply.msg_id).collect();
    assert_eq!(world.archived_replies().await, messages);

    let strays = world.processes().stray_replies(&TRANSFERS, id).await.unwrap();
    assert_eq!(strays.iter().map(|stray| stray.reason).collect::<Vec<_>>(), [Duplicate, Late, Foreign]);
    for (stray, reply) in strays.iter().zip(&replies) {
        assert_eq!((&stray.domain, stray.process_id, &stray.reply), (&TRANSFERS, Some(id), &read(&reply.body)));
        assert_eq!(stray.command_id, Some(world.step_commands(id).await[0]), "as the router read it");
        assert!(stray.recorded_at >= before.0.created_at);
    }
}

pub(crate) async fn what_is_no_reply_is_put_aside_too(world: &World) {
    let id = world.started().await;
    let queue = TRANSFERS.process_replies_queue();
    let put = [json!("hello"), json!({ "outcome": 5 }), json!(null)];
    for body in &put {
        world.harness.put(&queue, body.clone()).await;
    }
    let received = world.process_replies().await;
    assert_eq!(received.iter().map(|reply| read(&reply.body)).collect::<Vec<_>>(), put);
    let fate = ReplyFate::Stray(StrayReplyReason::Malformed);
    let nobody = |msg_id| ReplyAside { msg_id, process_id: None, command_id: None, fate: fate.clone() };
    let asides: Vec<_> = received.iter().map(|reply| nobody(reply.msg_id)).collect();
    world.processes().set_aside(&TRANSFERS, &asides).await.unwrap();
    assert_eq!(world.archived_replies().await.len(), 3);
    assert!(world.processes().stray_replies(&TRANSFERS, id).await.unwrap().is_empty());
}

pub(crate) async fn a_reply_put_off_comes_again_after_its_pause(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    let msg_id = world.process_reply().await.msg_id;
    world.set_aside(msg_id, id, ReplyFate::Later(LEASE + PAUSE)).await;
    world.pass_time(LEASE).await;
    assert!(world.process_replies().await.is_empty(), "the pause counts, not the lease");
    world.pass_time(PAUSE).await;
    let again = world.process_reply().await;
    assert_eq!((again.msg_id, again.reads), (msg_id, 2));
    world.set_aside(msg_id, id, ReplyFate::Later(Duration::ZERO)).await;
    assert_eq!(world.process_reply().await.reads, 3);
}

pub(crate) async fn a_parked_reply_waits_for_an_operator(world: &World) {
    let id = world.started().await;
    world.run(complete_with(json!(7))).await;
    let reply = world.process_reply().await;
    world.set_aside(reply.msg_id, id, parked_as("UNDECODABLE")).await;
    world.pass_time(LEASE * 100).await;
    assert!(world.process_replies().await.is_empty());
    assert_eq!(world.archived_replies().await, [reply.msg_id]);

    let parked = world.parked_replies().await;
    assert_eq!(parked.len(), 1);
    let parked = &parked[0];
    assert_eq!((&parked.domain, parked.process_id), (&TRANSFERS, Some(id)));
    assert_eq!((parked.command_id, &parked.reply), (Some(world.step_commands(id).await[0]), &read(&reply.body)));
    assert_eq!((&*parked.error_code, &*parked.error_message), ("UNDECODABLE", "it does not fit"));
    assert!(parked.parked_at >= world.find(id).await.created_at);
    assert!(world.processes().parked_replies(&world.domain, Page::first(10)).await.unwrap().is_empty());
    assert!(world.processes().stray_replies(&TRANSFERS, id).await.unwrap().is_empty());
}

pub(crate) async fn parked_replies_come_oldest_first_and_in_pages(world: &World) {
    let mut processes = Vec::new();
    for _ in 0..3 {
        let id = world.started().await;
        world.reply_parked(id).await;
        processes.push(Some(id));
    }
    let all = world.parked_replies().await;
    assert_eq!(all.iter().map(|parked| parked.process_id).collect::<Vec<_>>(), processes);
    let page = |after, limit| world.processes().parked_replies(&TRANSFERS, Page { after, limit });
    assert_eq!(page(None, 2).await.unwrap(), all[..2]);
    assert_eq!(page(Some(all[1].parked_reply_id), 2).await.unwrap(), all[2..]);
}

async fn retry(world: &World, ids: &[i64]) -> Vec<bool> {
    world.processes().retry_replies(&TRANSFERS, ids, None, "ada", Some("looked into it")).await.unwrap()
}

pub(crate) async fn a_retried_reply_is_received_anew(world: &World) {
    let id = world.started().await;
    let parked = world.reply_parked(id).await;
    assert_eq!(retry(world, &[parked.parked_reply_id]).await, [true]);
    assert!(world.parked_replies().await.is_empty());
    let again = world.process_reply().await;
    assert_eq!((again.reads, read(&again.body)), (1, parked.reply));
    world.set_aside(again.msg_id, id, parked_as("UNDECODABLE")).await;
    let second = world.parked_replies().await.remove(0);
    assert!(second.parked_reply_id > parked.parked_reply_id);
    retry(world, &[second.parked_reply_id]).await;
    world.take_in(id, ProcessStatus::Completed, Vec::new()).await;
    assert!(world.queued_replies().await.is_empty());
    assert!(world.processes().stray_replies(&TRANSFERS, id).await.unwrap().is_empty());
}

pub(crate) async fn a_reply_may_be_retried_with_another_result(world: &World) {
    let id = world.started().await;
    let parked = world.reply_parked(id).await;
    let result = raw(json!({ "hold": 8 }));
    let ids = [parked.parked_reply_id];
    let retried = world.processes().retry_replies(&TRANSFERS, &ids, Some(&result), "ada", None).await;
    assert_eq!(retried.unwrap(), [true]);
    let again = read(&world.process_reply().await.body);
    assert_eq!(again["result"], json!({ "hold": 8 }));
    assert_eq!((&again["outcome"], &again["command_id"]), (&parked.reply["outcome"], &parked.reply["command_id"]));
}

pub(crate) async fn a_parked_reply_is_retried_once(world: &World) {
    let (first, second) = (world.started().await, world.started().await);
    world.run_all(complete).await;
    for reply in world.process_replies().await {
        let id = if read_reply(&reply).correlation_id == Some(first.as_uuid()) { first } else { second };
        world.set_aside(reply.msg_id, id, parked_as("PANIC")).await;
    }
    let ids: Vec<_> = world.parked_replies().await.iter().map(|parked| parked.parked_reply_id).collect();
    let elsewhere = world.processes().retry_replies(&world.domain, &ids, None, "ada", None);
    assert_eq!(elsewhere.await.unwrap(), [false, false], "they are of another domain");
    let asked = [ids[1] + 1000, ids[1], ids[0]];
    assert_eq!(retry(world, &asked).await, [false, true, true]);
    assert_eq!(retry(world, &asked).await, [false; 3]);
    assert_eq!(world.process_replies().await.len(), 2);
}

pub(crate) async fn a_message_that_is_gone_is_not_set_aside(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    let msg_id = world.queued_replies().await[0];
    world.take_in(id, ProcessStatus::WaitingForReply, Vec::new()).await;
    for fate in [ReplyFate::Stray(StrayReplyReason::Late), ReplyFate::Later(PAUSE), parked_as("PANIC")] {
        world.set_aside(msg_id, id, fate).await;
    }
    assert!(world.parked_replies().await.is_empty());
    assert!(world.processes().stray_replies(&TRANSFERS, id).await.unwrap().is_empty());
    assert!(world.archived_replies().await.is_empty());
    assert_eq!(world.standing(id).await, (ProcessStatus::WaitingForReply, 0));
}

pub(crate) async fn a_reply_is_set_aside_once(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    let msg_id = world.process_reply().await.msg_id;
    for _ in 0..2 {
        world.set_aside(msg_id, id, parked_as("PANIC")).await;
    }
    assert_eq!(world.parked_replies().await.len(), 1);
    world.set_aside(msg_id, id, ReplyFate::Stray(StrayReplyReason::Late)).await;
    assert!(world.processes().stray_replies(&TRANSFERS, id).await.unwrap().is_empty());
}

pub(crate) async fn every_fate_of_a_mixed_group_is_met(world: &World) {
    let id = world.start(transfer(&["debit", "credit", "notify"])).await;
    world.run_all(complete).await;
    let fates = [ReplyFate::Stray(StrayReplyReason::Duplicate), ReplyFate::Later(PAUSE), parked_as("PANIC")];
    let replies = world.process_replies().await;
    let asides: Vec<_> = replies
        .iter()
        .zip(fates)
        .map(|(reply, fate)| ReplyAside { msg_id: reply.msg_id, process_id: Some(id), command_id: None, fate })
        .collect();
    world.processes().set_aside(&TRANSFERS, &asides).await.unwrap();
    assert_eq!(world.queued_replies().await, [replies[1].msg_id]);
    assert_eq!(world.archived_replies().await, [replies[0].msg_id, replies[2].msg_id]);
    assert_eq!(world.parked_replies().await.len(), 1);
    assert_eq!(world.processes().stray_replies(&TRANSFERS, id).await.unwrap().len(), 1);
}

pub(crate) async fn a_reply_to_an_unknown_process_may_be_parked(world: &World) {
    world.store.ensure_queues(&TRANSFERS, &[]).await.unwrap();
    let (process, command) = (ProcessId::new(), CommandId::new());
    let msg_id = world.harness.put(&TRANSFERS.process_replies_queue(), json!({ "outcome": "SUCCESS" })).await;
    let (process_id, command_id) = (Some(process), Some(command));
    let aside = ReplyAside { msg_id, process_id, command_id, fate: parked_as("UNKNOWN") };
    world.processes().set_aside(&TRANSFERS, &[aside]).await.unwrap();
    let parked = world.parked_replies().await.remove(0);
    assert_eq!((parked.process_id, parked.command_id), (process_id, command_id));
    assert_eq!(retry(world, &[parked.parked_reply_id]).await, [true]);
    assert_eq!(read(&world.process_reply().await.body), json!({ "outcome": "SUCCESS" }));
}
