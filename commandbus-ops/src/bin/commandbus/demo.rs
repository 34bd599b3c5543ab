//! `serve --demo`: a PostgreSQL of its own, three domains at work in this process, and something on every page.

use std::{future::pending, net::SocketAddr};

use commandbus::{
    bus::{BatchError, Bus, SendError},
    embedded::{Durability, EmbeddedError, EmbeddedPostgres},
    error::StoreError,
    ops::OpsError,
    process::{CreateProcessBatchError, Router, RouterError, StartError},
    store::postgres::MigrateError,
    worker::{BuildError, Worker, WorkerError},
};
use commandbus_ops::{Anybody, Options, Rights, ServeError, serve};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{serve::stopped, session::Session};

mod billing;
mod mail;
mod orders;
mod story;
mod warehouse;

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error(
        "the demo lets everybody who reaches it do everything, so it listens on the machine itself only, not on {0}: \
         leave out `--listen`, or give 127.0.0.1 and a port"
    )]
    Exposed(SocketAddr),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    ProcessBatch(#[from] CreateProcessBatchError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Ops(#[from] OpsError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Router(#[from] RouterError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Runs the demo until the program is told to stop, and leaves nothing behind.
pub(crate) async fn run(session: &Session, operator: String, address: SocketAddr) -> Result<(), DemoError> {
    if !address.ip().is_loopback() {
        return Err(DemoError::Exposed(address));
    }
    // Seen before anything is started; the server itself takes it again in a moment.
    drop(TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?);
    let stopped = stopped();
    tokio::pin!(stopped);
    let postgres = tokio::select! {
        // Its data is thrown away anyway.
        postgres = EmbeddedPostgres::builder().durability(Durability::Relaxed).start() => postgres?,
        () = &mut stopped => return Ok(()),
    };
    let outcome = tokio::select! {
        outcome = show(session, operator, address, postgres.url()) => outcome,
        () = &mut stopped => Ok(()),
    };
    postgres.stop().await?;
    outcome
}

/// Serves, with work going on beside it. Ends when something of it fails; dropped, it ends too, wherever it is: nothing of
/// it is to be kept.
async fn show(session: &Session, operator: String, address: SocketAddr, url: &str) -> Result<(), DemoError> {
    let bus = Bus::connect(url).await?;
    bus.migrate().await?;
    let mut at_work: JoinSet<Result<(), DemoError>> = JoinSet::new();
    // Few hands for the mail, so that a batch of it takes minutes.
    for (domain, concurrency) in [("billing", 8), ("warehouse", 8), ("mail", 2)] {
        let worker = Worker::new(&bus, domain).concurrency(concurrency).build()?;
        at_work.spawn(async move { Ok(worker.run_until(pending()).await?) });
    }
    let router = Router::new(&bus, "orders")?;
    at_work.spawn(async move {
        router.run_until(pending()).await;
        Ok(())
    });
    story::begin(&bus).await?;
    let sender = bus.clone();
    at_work.spawn(async move { story::go_on(&sender).await });

    let options = Options::new(Anybody::named(operator, Rights::ALL)).writable();
    let failed = async {
        match at_work.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
            None => Ok(()),
        }
    };
    tokio::select! {
        served = serve(bus, address, options, |address| tell(session, address), pending()) => Ok(served?),
        failure = failed => failure,
    }
}

fn tell(session: &Session, address: SocketAddr) {
    let base = format!("http://{address}");
    session.say(
        &json!({ "listening": address.to_string() }),
        format_args!(
            "A shop is at work: three workers, orders as processes, and an operator named olga. Look at\n\
             \x20 {base}/                 what needs you, and how it goes\n\
             \x20 {base}/troubleshooting  what is parked: retry, cancel or complete it\n\
             \x20 {base}/process-batches  the orders of the sale, one after the other\n\
             \x20 {base}/processes        orders that succeeded, were taken back, and wait\n\
             The API is described at {base}/api/openapi.json. Ctrl-C ends it, and nothing is left behind."
        ),
    );
}
