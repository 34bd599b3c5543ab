//! A service with a worker, pages of its own, its own login, and the operators' pages and API under `/ops`.
//! `cargo operations`; it runs until Ctrl-C.
#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::net::SocketAddr;

use axum::{Router, middleware, response::Html, routing::get};
use clap::Parser;
use commandbus::{embedded::Database, prelude::*};
use commandbus_ops::{HostApp, Options, router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::login::Sessions;

mod login;
mod reports;

#[derive(Debug, Parser)]
#[command(about = "A service with the operators' pages mounted, behind its own login")]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let database = Database::from_env_or_embedded().await?;
    let stop = stopped_by_ctrl_c();
    let served = serve(&database, arguments.listen, stop).await;
    database.stop().await?;
    served?;
    println!(
        "\nRead next: examples/operations/src, docs/guide/operating.md; `cargo dashboard` shows the pages over a busier shop."
    );
    Ok(())
}

async fn serve(
    database: &Database,
    address: SocketAddr,
    stop: CancellationToken,
) -> Result<(), Box<dyn std::error::Error>> {
    let bus = Bus::connect(database.url()).await?;
    bus.migrate().await?;
    let worker = Worker::new(&bus, "reports").build()?;
    let working = tokio::spawn(worker.run_until(stop.clone().cancelled_owned()));
    reports::order_some(&bus).await?;

    // `HostApp`: who asks is what the layer below has put into the request. The router checks rights itself, and is
    // read-only without `writable`.
    let sessions = Sessions::default();
    let app = Router::new()
        .route("/", get(async || Html("<!doctype html><title>Reports</title><a href=/ops>For operators</a>")))
        .merge(login::routes(sessions.clone()))
        .nest("/ops", router(bus, Options::new(HostApp).writable()))
        .layer(middleware::from_fn_with_state(sessions, login::identify));

    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    println!("Open http://{address}/ops and log in:");
    println!("  olga / may-operate   sees two reports that were parked: she may edit `papyrus` to `pdf` and retry");
    println!("  victor / may-look    sees the same without the buttons");
    println!("The API is described at http://{address}/ops/api/openapi.json. Ctrl-C ends it.");
    axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned()).await?;

    stop.cancel();
    working.await??;
    Ok(())
}

/// Stops the server and the worker, each in its own order.
fn stopped_by_ctrl_c() -> CancellationToken {
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        // Without a handler for the signal it would end the program at once, which is as well.
        let _ = tokio::signal::ctrl_c().await;
        stopping.cancel();
    });
    stop
}
