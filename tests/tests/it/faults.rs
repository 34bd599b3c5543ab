//! What is wrong is found and named.

use commandbus::bus::Bus;
use commandbus::store::{FaultKind, NewCommand};

use crate::support::{Bench, complete, debit};

/// The names of the faults and how many there are of each.
async fn faults(bench: &Bench) -> Vec<(FaultKind, u64)> {
    let found = Bus::new(bench.pool.clone()).system().diagnose().await.unwrap();
    found.iter().map(|fault| (fault.kind, fault.total)).collect()
}

#[tokio::test]
async fn orphans_are_found_both_ways() {
    let bench = Bench::new().await;
    let (lost, forgotten) = (bench.sent(3).await, bench.sent(3).await);
    bench.sent(3).await;
    let msg_id = bench.command(lost).await.msg_id.unwrap();
    bench.run(&format!("delete from pgmq.q_payments__commands where msg_id = {msg_id}")).await;
    assert_eq!(faults(&bench).await, [(FaultKind::CommandWithoutMessage, 1)]);

    bench.run(&format!("delete from commandbus.command where command_id in ('{lost}', '{forgotten}')")).await;
    assert_eq!(faults(&bench).await, [(FaultKind::MessageWithoutCommand, 1)]);
    bench.run("select pgmq.send('payments__commands', '\"no envelope\"')").await;
    assert_eq!(faults(&bench).await, [(FaultKind::MessageWithoutCommand, 2)]);
}

#[tokio::test]
async fn what_nobody_takes_up_is_found() {
    let bench = Bench::new().await;
    bench.sent(3).await;
    bench.received().await;
    bench.sent(3).await;
    assert_eq!(faults(&bench).await, []);
    bench.run("update pgmq.q_payments__commands set vt = now() - interval '6 minutes'").await;
    assert_eq!(faults(&bench).await, [(FaultKind::StuckLease, 1), (FaultKind::NobodyReceives, 1)]);
}

#[tokio::test]
async fn what_is_parked_past_the_rules_is_found() {
    let bench = Bench::new().await;
    bench.parked().await;
    bench.run("delete from commandbus.troubleshooting; delete from pgmq.a_payments__commands").await;
    assert_eq!(faults(&bench).await, [(FaultKind::ParkedWithoutMessage, 1), (FaultKind::ParkedAndNotListed, 1)]);
}

#[tokio::test]
async fn a_miscounted_batch_is_found_and_counted_anew() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(2, None).await;
    let delivery = bench.receive().await.deliveries.remove(0);
    bench.settle(delivery.token, complete()).await;
    assert_eq!(faults(&bench).await, []);
    bench.run("update commandbus.batch set completed_count = 0").await;
    assert_eq!(faults(&bench).await, [(FaultKind::BatchMiscounted, 1)]);
    let bus = Bus::new(bench.pool.clone());
    let counted = bus.batches().recount(&crate::support::PAYMENTS, batch).await.unwrap().unwrap();
    assert_eq!(counted.completed_count, 1);
    assert_eq!(faults(&bench).await, []);
}

#[tokio::test]
async fn queues_that_are_gone_and_replies_without_one_are_found() {
    let bench = Bench::new().await;
    let lost = NewCommand { reply_to: Some("nowhere".into()), ..debit(3) };
    bench.send(&[lost]).await;
    let delivery = bench.received().await;
    bench.settle(delivery.token, complete()).await;
    bench.run("select commandbus.set_paused('payments', null, true)").await;
    assert_eq!(faults(&bench).await, [(FaultKind::UndeliveredReply, 1), (FaultKind::DomainPaused, 1)]);
    bench.run("select pgmq.drop_queue('payments__commands')").await;
    let found = faults(&bench).await;
    assert_eq!(found[0], (FaultKind::DomainWithoutQueue, 1));
}
