//! Works and routes on the database of `DATABASE_URL` until it is killed, or until its standard input ends: never longer
//! than its parent.

mod work;

use std::{io, time::Duration};

use commandbus::{bus::Bus, handlers, process::Router, store::postgres::with_release_check, worker::Worker};
use sqlx::postgres::PgPoolOptions;

/// Short, so that what a killed worker had comes again soon.
const LEASE: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(3));
    let pool = with_release_check(options).connect_lazy(&std::env::var("DATABASE_URL")?)?;
    let bus = Bus::new(pool.clone());
    let worker = Worker::new(&bus, "chaos")
        .handlers(handlers![work::book, work::note, work::close])
        .provide(pool)
        .concurrency(8)
        .lease(LEASE)
        // A transaction on a connection that hangs after its settlement keeps its locks for that long.
        .transaction_idle_timeout(3 * LEASE)
        .poll_interval(Duration::from_millis(200))
        .build()?;
    let router = Router::new(&bus, "chaos_trips")?.lease(LEASE).poll_interval(Duration::from_millis(200));
    let end = tokio::task::spawn_blocking(|| io::read_to_string(io::stdin()));
    tokio::select! {
        ended = worker.run_until(std::future::pending()) => ended?,
        () = router.run_until(std::future::pending()) => {}
        _ = end => {}
    }
    // What runs is of no interest to anybody any more.
    std::process::exit(0)
}
