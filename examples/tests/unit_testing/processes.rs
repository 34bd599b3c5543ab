//! A process is a value and a table of pure functions, so a test needs no bus and no clock: it plays those who answer.

use std::sync::Arc;

use commandbus::{message::ProcessStatus, prelude::*, testing::TestProcess};
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;

use crate::{
    handlers::{FailsFirst, open_till},
    shop::{ChargeCard, NetworkError, Order, Receipt, ReleaseGoods, ReserveGoods, Shelf, Till, Warehouse},
};

fn order() -> Order {
    Order::new(1, "lamp", 2, "4242")
}

/// The goods are set aside; the charge is in flight.
fn reserved() -> TestProcess<Order> {
    TestProcess::start(order()).expect::<ReserveGoods>().reply(Shelf(7))
}

#[test]
fn an_order_reserves_and_charges() {
    reserved()
        .expect::<ChargeCard>()
        .with(|command| assert_eq!((command.order, command.cents), (1, 5_000)))
        .reply(Receipt { number: "R-1".into() })
        .completed()
        .state(|order| assert_eq!(order.receipt.as_deref(), Some("R-1")));
}

#[test]
fn a_declined_card_gives_the_goods_back() {
    reserved()
        .expect::<ChargeCard>()
        .fails("CARD_DECLINED")
        .expect::<ReleaseGoods>()
        .with(|command| assert_eq!(command.shelf, Some(Shelf(7))))
        .reply(())
        .canceled()
        .because("CARD_DECLINED");
}

/// Time is what the test says it is.
#[test]
fn a_charge_that_comes_too_late_takes_the_order_back() {
    reserved()
        .expect::<ChargeCard>()
        .times_out()
        .because("STEP_TIMEOUT")
        .expect::<ChargeCard>()
        .cancels("the till gave up")
        .expect::<ReleaseGoods>()
        .reply(())
        .canceled();
}

/// Replies may be delivered twice, and a deadline may pass at any time.
#[test]
fn an_order_survives_what_queues_and_clocks_do() {
    reserved().duplicate().deadline().because("DEADLINE").in_flight(&["ChargeCard"]);
}

/// The same with the real handlers, all in memory: each domain has its worker, and that of `orders` routes the replies.
#[tokio::test(start_paused = true)]
async fn an_order_passes_through_its_domains() {
    for (till, expected, left) in [
        (open_till(), ProcessStatus::Completed, 3),
        (Till(FailsFirst::new(1, NetworkError::Declined)), ProcessStatus::Canceled, 5),
        (Till(FailsFirst::new(2, NetworkError::Unreachable)), ProcessStatus::Completed, 3),
    ] {
        let bus = Bus::in_memory();
        let warehouse = Arc::new(Warehouse::with("lamp", 5));
        let workers = [
            Worker::new(&bus, "till").provide(till),
            Worker::new(&bus, "warehouse").handlers(warehouse.clone()),
            Worker::new(&bus, "orders"),
        ];

        let stop = CancellationToken::new();
        let working = try_join_all(workers.map(|worker| worker.build().unwrap().run_until(stop.cancelled())));
        let test = async {
            let started = order().start(&bus).await.unwrap();
            assert_eq!(started.wait().await.unwrap().status, expected);
            stop.cancel();
        };
        let (worked, ()) = tokio::join!(working, test);
        worked.unwrap();
        assert_eq!(warehouse.pieces("lamp"), left);
    }
}
