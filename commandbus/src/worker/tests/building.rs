//! What refuses to be built, and in which words.

use super::*;
use crate::{
    handler::{Need, WiringFault},
    worker::BuildError,
};

static SETTLED: CommandSpec = CommandSpec::new("payments", "Settled");
static ENTRY: [HandlerEntry; 1] = [HandlerEntry { needs: &[&[Need::Transaction]], ..entry(&SETTLED) }];
const WITH_TX: HandlerList = HandlerList::new(&ENTRY);

#[tokio::test]
async fn a_name_that_is_no_domain_is_refused_with_the_rule() {
    let house = House::new().await;
    let error = Worker::new(&house.bus, "Payments!").build().unwrap_err();
    assert!(matches!(error, BuildError::Domain(_)));
    assert!(format!("{error:?}").contains("`Payments!` is not a domain"));
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let house = House::new().await;
    let worker = house.worker().handlers(HANDLERS).handlers(WITH_TX);
    let Err(BuildError::Wiring(error)) = worker.check() else { panic!("it has faults") };
    let twice = error.faults().iter().filter(|fault| matches!(fault, WiringFault::TwoHandlers { .. })).count();
    assert_eq!(twice, 2, "{error}");
    assert!(error.faults().iter().any(|fault| matches!(fault, WiringFault::NoTransactions { .. })), "{error}");
}

#[tokio::test]
async fn a_worker_with_nothing_linked_says_how_to_link_it() {
    let house = House::new().await;
    let error = Worker::new(&house.bus, "elsewhere").build().unwrap_err();
    assert!(error.to_string().contains("use elsewhere as _;"), "{error}");
}
