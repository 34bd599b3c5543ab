//! Many orders in one database, with workers and routers that share nothing but that.

use std::time::Duration;

use commandbus::{
    bus::{Batch, Bus},
    message::BatchStatus,
    prelude::*,
};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    hall::{ABROAD, HOME, Routing, router, worker},
    order::{Order, Stage},
};
use crate::house::{AtWork, House, in_another_process};

pub(crate) struct Crowd {
    pub(crate) house: House,
    pub(crate) stage: Stage,
}

impl Crowd {
    pub(crate) async fn new() -> Self {
        Self { house: House::new().await, stage: Stage::default() }
    }

    pub(crate) async fn start(&self, orders: impl Iterator<Item = Order> + Send) -> Batch {
        Order::batch("Payroll").extend(orders).start(&self.house.bus).await.unwrap()
    }

    /// Workers of both domains, each on connections of its own.
    pub(crate) async fn work(&self) -> [AtWork; 2] {
        let (home, abroad) = (self.house.another_bus().await, self.house.another_bus().await);
        [worker(&home, &HOME, &self.stage), worker(&abroad, &ABROAD, &self.stage)].map(AtWork::start)
    }

    /// A router on connections of its own, whose replies come again soon when it dies.
    pub(crate) async fn route(&self) -> Routing {
        Routing::start(router(&self.house.another_bus().await).lease(Duration::from_secs(1)))
    }

    /// Workers of both domains and a router in another process.
    pub(crate) fn elsewhere(&self) -> Elsewhere {
        let (url, stage) = (self.house.url().to_owned(), self.stage.clone());
        let (shutdown, told) = oneshot::channel::<()>();
        let task = tokio::spawn(in_another_process(move || async move {
            let bus = Bus::connect(&url).await.unwrap();
            let workers = [worker(&bus, &HOME, &stage), worker(&bus, &ABROAD, &stage)].map(AtWork::start);
            let routing = Routing::start(router(&bus));
            let _ = told.await;
            for worker in workers {
                worker.stop().await;
            }
            routing.stop().await;
        }));
        Elsewhere { shutdown, task }
    }

    /// Every order took its five steps, each once, and nothing is left of any reply.
    pub(crate) async fn all_completed(&self, orders: i64) {
        let house = &self.house;
        let found: Vec<i64> = house
            .ask(
                "select array[
                     (select count(*) from commandbus.process where status = 'COMPLETED' and parked_count = 0),
                     (select count(*) from commandbus.process),
                     (select count(*) from commandbus.command where status = 'COMPLETED'),
                     (select count(*) from commandbus.command),
                     (select count(distinct (process_id, step_name)) from commandbus.process_audit),
                     (select count(*) from commandbus.process_audit where reply_outcome = 'SUCCESS')]",
            )
            .await;
        assert_eq!(found, [orders, orders, orders * 5, orders * 5, orders * 5, orders * 5]);
        self.nothing_left().await;
    }

    /// Nothing is parked or stray, and no reply waits.
    pub(crate) async fn nothing_left(&self) {
        let left: Vec<i64> = self
            .house
            .ask(
                "select array[
                     (select count(*) from commandbus.parked_reply), (select count(*) from commandbus.stray_reply),
                     (select count(*) from commandbus.undelivered_reply),
                     (select count(*) from pgmq.q_flow_orders__process_replies),
                     (select count(*) from pgmq.a_flow_orders__process_replies),
                     (select count(*) from pgmq.q_flow_home__commands),
                     (select count(*) from pgmq.q_flow_abroad__commands)]",
            )
            .await;
        assert_eq!(left, [0; 7]);
    }

    /// Looks at a batch while nobody can change it: what it says must be what a recount says. Returns its status and
    /// its counts: completed, canceled, in troubleshooting.
    pub(crate) async fn look(&self, batch: &Batch) -> (BatchStatus, [i32; 3]) {
        let mut transaction = self.house.pool.begin().await.unwrap();
        let (status, counts): (String, Vec<i32>) = sqlx::query_as(
            "select status, array[completed_count, failed_count, canceled_count, in_troubleshooting_count]
             from commandbus.batch where batch_id = $1 for update",
        )
        .bind(batch.id().as_uuid())
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
        let recounted: Vec<i32> = sqlx::query_scalar(
            "select array[r.completed_count, r.failed_count, r.canceled_count, r.in_troubleshooting_count]::int[]
             from commandbus.sp_refresh_batch_stats('flow_orders', $1) r",
        )
        .bind(batch.id().as_uuid())
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(counts, recounted, "{status}");
        assert_eq!(counts[1], 0, "processes are counted as completed or as canceled");
        (status.parse().unwrap(), [counts[0], counts[2], counts[3]])
    }
}

/// What runs in another process.
pub(crate) struct Elsewhere {
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Elsewhere {
    pub(crate) async fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.task.await.unwrap();
    }
}
