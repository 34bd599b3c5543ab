//! Several routers at once, each on connections of its own.

use commandbus::{
    message::BatchStatus,
    store::{Page, Parked, ParkedFilter},
};

use super::{
    crowd::Crowd,
    order::{Does, Done, Order},
};
use crate::time::{soon, until};

const MANY: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_routers_send_every_command_once() {
    let crowd = Crowd::new().await;
    let batch = crowd.start((0..MANY).map(|_| Order::default())).await;
    let mut routers = Vec::new();
    for _ in 0..4 {
        routers.push(crowd.route().await);
    }
    let workers = crowd.work().await;
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!((ended.status, ended.completed_count), (BatchStatus::Completed, MANY as u32));
    for router in routers {
        router.stop().await;
    }
    for worker in workers {
        worker.stop().await;
    }
    crowd.all_completed(MANY as i64).await;
    crowd.house.assert_no_deadlock().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_routers_that_die_had_in_hand_is_routed_by_others_once() {
    let crowd = Crowd::new().await;
    let batch = crowd.start((0..MANY).map(|_| Order::default())).await;
    let workers = crowd.work().await;
    let mut routers = vec![crowd.route().await, crowd.route().await];
    let taken = async || -> i64 {
        crowd.house.ask("select count(*) from commandbus.process_audit where reply_outcome is not null").await
    };
    for died in 1..=6 {
        until(async || taken().await >= (MANY as i64 * 5) * died / 8).await;
        routers.remove(0).crash().await;
        routers.push(crowd.route().await);
    }
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!((ended.status, ended.completed_count), (BatchStatus::Completed, MANY as u32));
    for router in routers {
        router.stop().await;
    }
    for worker in workers {
        worker.stop().await;
    }
    crowd.all_completed(MANY as i64).await;
    crowd.house.assert_no_deadlock().await;
}

async fn parked(crowd: &Crowd) -> Vec<Parked> {
    crowd.house.bus.troubleshooting().list(&ParkedFilter::default(), Page::first(1000)).await.unwrap()
}

/// Of those processes that have so much parked, how many there are; what each says of itself must be so.
async fn parked_counts(crowd: &Crowd) -> Vec<i64> {
    let wrong: i64 = crowd
        .house
        .ask(
            "select count(*) from commandbus.process p
             where p.parked_count <> commandbus.count_parked_of(p.domain, p.process_id)
                or (p.status = 'WAITING_FOR_TSQ') <> (p.parked_count > 0)",
        )
        .await;
    assert_eq!(wrong, 0);
    crowd
        .house
        .ask("select array(select (select count(*) from commandbus.process where parked_count = n) from generate_series(0, 2) n)")
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_workers_park_while_routers_move_the_same_processes_is_counted_exactly() {
    const ORDERS: usize = 60;
    let crowd = Crowd::new().await;
    // Both siblings park while the reply of the other, or of the step before, is routed.
    let order = |n| match n % 3 {
        0 => Order::default().doing("credit", Does::park()).doing("notify", Does::park()),
        1 => Order::default().doing("notify", Does::park()),
        _ => Order::default().doing("debit", Does::park()).doing("credit", Does::park()),
    };
    let batch = crowd.start((0..ORDERS).map(order)).await;
    let workers = crowd.work().await;
    let routers = [crowd.route().await, crowd.route().await, crowd.route().await];
    until(async || {
        crowd.look(&batch).await;
        parked(&crowd).await.len() == ORDERS / 3 * 4
    })
    .await;
    assert_eq!(crowd.look(&batch).await, (BatchStatus::InProgress, [0, 0, ORDERS as i32]));
    assert_eq!(parked_counts(&crowd).await, [0, ORDERS as i64 / 3 * 2, ORDERS as i64 / 3]);

    // Three operators take what they find, and sometimes the same; those that were late are told so.
    let operator = async |nth: usize| {
        let troubleshooting = crowd.house.another_bus().await.troubleshooting();
        let operator = troubleshooting.by(format!("operator {nth}"));
        while !crowd.look(&batch).await.0.is_terminal() {
            for Parked { domain, command_id, .. } in parked(&crowd).await {
                let result = Done { what: "by hand".into() };
                let _ = match nth {
                    0 => operator.retry(&domain, command_id).await,
                    1 => operator.complete_with(&domain, command_id, &result).await,
                    _ => operator.cancel(&domain, command_id, "not this one").await,
                };
            }
        }
    };
    soon(async { tokio::join!(operator(0), operator(1), operator(2)) }).await;
    let (_, [completed, canceled, blocked]) = crowd.look(&batch).await;
    assert_eq!((completed + canceled, blocked), (ORDERS as i32, 0));
    assert_eq!(parked_counts(&crowd).await, [ORDERS as i64, 0, 0]);
    for router in routers {
        router.stop().await;
    }
    for worker in workers {
        worker.stop().await;
    }
    crowd.nothing_left().await;
    crowd.house.assert_no_deadlock().await;
}
