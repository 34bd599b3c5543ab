//! Which worker and which router a domain of processes has.

use std::time::Duration;

use commandbus::{
    bus::Bus,
    message::ProcessStatus,
    prelude::*,
    process::{Router, RouterError},
};

use super::{
    hall::{ABROAD, HOME, Hall, ORDERS},
    order::Order,
};
use crate::{
    house::AtWork,
    time::{soon, until},
};

async fn a_worker_of_a_domain_with_only_processes_routes_their_replies(hall: &Hall) {
    hall.work(&HOME);
    hall.work(&ABROAD);
    let orders = Worker::new(&hall.bus, ORDERS.as_str()).poll_interval(Duration::from_millis(50));
    orders.check().unwrap();
    let orders = AtWork::start(orders);
    let order = Order::default().start(&hall.bus).await.unwrap();
    assert_eq!(soon(order.wait()).await.unwrap().status, ProcessStatus::Completed);
    orders.stop().await;

    // It has ended with the worker.
    let id = hall.start(Order::default()).await;
    let queue = ORDERS.process_replies_queue();
    until(async || hall.harness.messages(&queue).await.len() == 1).await;
    assert_eq!(hall.sent(id).await, "reserve");
}

async fn a_worker_of_another_domain_routes_nothing(hall: &Hall) {
    hall.work(&HOME);
    hall.work(&ABROAD);
    let id = hall.start(Order::default()).await;
    let queue = ORDERS.process_replies_queue();
    until(async || hall.harness.messages(&queue).await.len() == 1).await;
    assert_eq!(hall.harness.messages(&queue).await[0].reads, 0);
    hall.route();
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
}

/// A domain that has commands as well as a process.
#[command(domain = "flow_both")]
#[derive(Debug, Serialize, Deserialize)]
struct Ping;

#[handler]
async fn ping(_: Ping) {}

#[derive(Debug, Serialize, Deserialize)]
struct Pinging;

#[process(domain = "flow_both", steps = [first, second])]
impl Pinging {
    #![allow(clippy::unused_self)]

    fn first(&self) -> Ping {
        Ping
    }

    fn second(&self) -> Ping {
        Ping
    }
}

async fn a_worker_told_so_leaves_replies_to_others(hall: &Hall) {
    let worker = Worker::new(&hall.bus, "flow_both").without_router().poll_interval(Duration::from_millis(50));
    let worker = AtWork::start(worker);
    let pinging = Pinging.start(&hall.bus).await.unwrap();
    until(async || hall.harness.messages("flow_both__process_replies").await.len() == 1).await;
    // It goes on working meanwhile.
    let other = Pinging.start(&hall.bus).await.unwrap();
    until(async || hall.harness.messages("flow_both__process_replies").await.len() == 2).await;
    let replies = hall.harness.messages("flow_both__process_replies").await;
    assert!(replies.iter().all(|reply| reply.reads == 0), "{replies:?}");

    let router = Router::new(&hall.bus, "flow_both").unwrap().poll_interval(Duration::from_millis(50));
    let _router = super::hall::Routing::start(router);
    for process in [pinging, other] {
        assert_eq!(soon(process.wait()).await.unwrap().status, ProcessStatus::Completed);
    }
    worker.stop().await;
}

async fn one_worker_does_the_commands_and_the_processes_of_its_domain(hall: &Hall) {
    let worker = AtWork::start(Worker::new(&hall.bus, "flow_both"));
    let pinging = Pinging.start(&hall.bus).await.unwrap();
    assert_eq!(soon(pinging.wait()).await.unwrap().status, ProcessStatus::Completed);
    worker.stop().await;
}

super::on_both! {
    a_worker_of_a_domain_with_only_processes_routes_their_replies,
    a_worker_of_another_domain_routes_nothing,
    a_worker_told_so_leaves_replies_to_others,
    one_worker_does_the_commands_and_the_processes_of_its_domain,
}

#[tokio::test]
async fn a_worker_with_neither_handlers_nor_a_router_is_refused() {
    let bus = Bus::in_memory();
    let refused = Worker::new(&bus, ORDERS.as_str()).without_router().build().unwrap_err();
    assert!(refused.to_string().contains("no handler"), "{refused}");
}

#[tokio::test]
async fn a_router_without_processes_says_what_is_missing() {
    let bus = Bus::in_memory();
    let missing = Router::new(&bus, "nobodys").unwrap_err();
    assert!(matches!(missing, RouterError::NothingLinked { .. }));
    assert_eq!(
        missing.to_string(),
        "no process of domain `nobodys` is linked into this program: name the crate that has them, as in \
         `use transfers as _;`"
    );
    let none = Router::new(&bus, "No Domain").unwrap_err();
    assert!(matches!(none, RouterError::Domain(_)), "{none}");
}
