//! Pruning beside work, and on tables that are large.

use std::time::Duration;

use commandbus::bus::Bus;
use commandbus::store::{Settled, Settlement, Store};

use crate::support::{Bench, LEASE, PAYMENTS, complete, debit};

const GROUP: usize = 100;

#[tokio::test]
async fn pruning_beside_a_drain_takes_only_what_has_ended_and_hinders_nobody() {
    let bench = Bench::new().await;
    for _ in 0..20 {
        bench.send(&(0..GROUP).map(|_| debit(3)).collect::<Vec<_>>()).await;
    }
    let bus = Bus::new(bench.database.pool().await);

    let drain = async {
        let mut settled = 0;
        loop {
            let received = bench.store.receive(&PAYMENTS, GROUP, LEASE).await.unwrap();
            if received.deliveries.is_empty() {
                return settled;
            }
            let group: Vec<_> = received
                .deliveries
                .iter()
                .map(|delivery| Settlement { token: delivery.token, verdict: complete() })
                .collect();
            let settled_now = bench.store.settle(&PAYMENTS, &group).await.unwrap().answers;
            assert!(settled_now.iter().all(|answer| *answer == Settled::Recorded));
            settled += settled_now.len();
        }
    };
    let prune = async {
        let mut pruned = 0;
        while pruned < 20 * GROUP as u64 {
            pruned += bus.prune(Duration::ZERO).chunk_size(50).share_of_time(1.0).run().await.unwrap().commands;
        }
        pruned
    };
    let (settled, pruned) = tokio::join!(drain, prune);

    assert_eq!((settled, pruned), (20 * GROUP, 20 * GROUP as u64));
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.audit").await, 0);
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(bench.ask::<i64>(deadlocks).await, 0);
}

#[tokio::test]
async fn a_row_that_somebody_holds_is_passed_over_and_goes_with_the_next_run() {
    let bench = Bench::new().await;
    let ids = [bench.sent(3).await, bench.sent(3).await];
    for delivery in bench.receive().await.deliveries {
        bench.settle(delivery.token, complete()).await;
    }
    let bus = Bus::new(bench.database.pool().await);

    let mut holder = bench.pool.begin().await.unwrap();
    sqlx::query("select from commandbus.command where command_id = $1 for update")
        .bind(ids[0].as_uuid())
        .execute(&mut *holder)
        .await
        .unwrap();
    assert_eq!(bus.prune(Duration::ZERO).run().await.unwrap().commands, 1);
    holder.commit().await.unwrap();
    assert_eq!(bus.prune(Duration::ZERO).run().await.unwrap().commands, 1);
}

#[tokio::test]
async fn what_lies_before_the_calendar_prunes_nothing() {
    let bench = Bench::new().await;
    let bus = Bus::new(bench.pool.clone());
    assert!(bus.prune(Duration::MAX).run().await.unwrap().is_nothing());
}
