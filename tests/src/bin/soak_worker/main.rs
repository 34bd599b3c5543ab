//! Works and routes on the database of `DATABASE_URL` until its standard input ends. For each line that it reads there it
//! writes one, with how long commands waited since the line before: how many, and the half, the ninety-ninth part and the
//! longest of it, in microseconds.

mod handling;
mod work;

use std::{
    io::{self, BufRead, Write},
    time::Duration,
};

use commandbus::{bus::Bus, handlers, process::Router, store::postgres::with_release_check, worker::Worker};
use sqlx::postgres::PgPoolOptions;

use self::handling::Waits;

const CONCURRENCY: usize = 16;

fn answer(waits: &Waits) -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        line?;
        let mut waited = waits.take();
        waited.sort_unstable();
        let part = |part: f64| {
            let at = (waited.len() as f64 * part) as usize;
            waited.get(at.min(waited.len().saturating_sub(1))).map_or(0, Duration::as_micros)
        };
        writeln!(io::stdout(), "{} {} {} {}", waited.len(), part(0.5), part(0.99), part(1.0))?;
    }
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = PgPoolOptions::new().max_connections(CONCURRENCY as u32 + 4);
    let pool = with_release_check(options).connect_lazy(&std::env::var("DATABASE_URL")?)?;
    let bus = Bus::new(pool);
    let waits = Waits::default();
    let worker = Worker::new(&bus, "soak")
        .handlers(handlers![handling::note, handling::book, handling::ask, handling::serve, handling::close])
        .provide(waits.clone())
        .concurrency(CONCURRENCY)
        .build()?;
    let router = Router::new(&bus, "soak_trips")?;
    let end = tokio::task::spawn_blocking(move || answer(&waits));
    tokio::select! {
        ended = worker.run_until(std::future::pending()) => ended?,
        () = router.run_until(std::future::pending()) => {}
        ended = end => ended??,
    }
    // Everything that it was to do is done.
    std::process::exit(0)
}
