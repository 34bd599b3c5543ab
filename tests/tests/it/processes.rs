//! Processes from end to end, through real workers and routers, on both stores.
//!
//! A scenario is a function of a [`Hall`](hall::Hall); `on_both!` makes a test of it for each store.

mod batches;
mod crowd;
mod failing;
pub(crate) mod hall;
pub(crate) mod order;
mod parallel;
mod parked;
mod passing;
mod properties;
mod recounts;
mod routers;
mod stories;
mod strays;
mod unreadable;
mod wiring;

/// The tests of both stores, each scenario in a hall of its own.
macro_rules! on_both {
    ($($scenario:ident,)+) => {
        crate::processes::on_both!(on memory: $($scenario,)+);
        crate::processes::on_both!(on postgres: $($scenario,)+);
    };
    (on $store:ident: $($scenario:ident,)+) => {
        mod $store {
            $(#[tokio::test]
            async fn $scenario() {
                let harness = crate::contract::harness::$store::start().await;
                super::$scenario(&crate::processes::hall::Hall::new(harness)).await;
            })+
        }
    };
}
use on_both;
