//! Commands and processes whose handlers do what the data says in one life of the system, and succeed in the next.

use commandbus::{handlers, prelude::*, process::Router, worker::WorkerBuilder};
use std::time::Duration;

use crate::{house::AtWork, processes::hall::Routing};

/// What a handler does with a command before the upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Fate {
    Succeeds,
    /// Is under way when everything stops.
    Lasts,
    /// Is to be tried again, much later.
    IsBusy,
    IsBroken,
    IsRefused,
}

/// In which life of the system a handler runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Life {
    Before,
    After,
}

#[command(domain = "upgrade", reply = u32, max_attempts = 3, backoff = "1h")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ship {
    pub(crate) fate: Fate,
}

/// Written in the transaction that settles it.
#[command(domain = "upgrade", max_attempts = 3, backoff = "1h")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) fate: Fate,
}

/// One at a time for each customer.
#[command(domain = "upgrade", group_by = customer, max_attempts = 3, backoff = "1h")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Serve {
    pub(crate) customer: u32,
    pub(crate) fate: Fate,
}

/// What the end of a batch sends.
#[command(domain = "upgrade")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Close {}

#[batch(Ship, Book)]
pub(crate) struct Load;

/// Three steps, each with the fate that the process gives it, and the fate of what undoes the first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Trip {
    pub(crate) out: Fate,
    pub(crate) stay: Fate,
    pub(crate) undo: Fate,
}

impl Trip {
    pub(crate) fn of(out: Fate, stay: Fate, undo: Fate) -> Self {
        Self { out, stay, undo }
    }
}

#[process(domain = "upgrade_trips", steps = [outward, (stay, meal), home])]
impl Trip {
    fn outward(&self) -> Ship {
        Ship { fate: self.out }
    }

    #[undo(outward)]
    fn refund(&self) -> Book {
        Book { fate: self.undo }
    }

    fn stay(&self) -> Book {
        Book { fate: self.stay }
    }

    fn meal(&self) -> Ship {
        Ship { fate: Fate::Succeeds }
    }

    fn home(&self) -> Ship {
        Ship { fate: Fate::Succeeds }
    }
}

async fn happen(fate: Fate, life: Life) -> Result<(), Failure> {
    match fate {
        _ if life == Life::After => Ok(()),
        Fate::Succeeds => Ok(()),
        Fate::Lasts => std::future::pending().await,
        Fate::IsBusy => Err(Failure::transient("BUSY", "not now")),
        Fate::IsBroken => Err(Failure::permanent("BROKEN", "it will not do")),
        Fate::IsRefused => Err(Failure::business_rule("CLOSED", "it may not be")),
    }
}

#[handler]
async fn ship(command: Ship, State(life): State<Life>) -> Result<u32, Failure> {
    happen(command.fate, life).await?;
    Ok(7)
}

#[handler]
async fn book(command: Book, State(life): State<Life>, at: Context, mut tx: Tx) -> Result<(), Failure> {
    let effect = sqlx::query("insert into booked values ($1)").bind(at.command_id().as_uuid());
    effect.execute(&mut *tx).await.map_err(|error| Failure::transient("DATABASE", error.to_string()))?;
    happen(command.fate, life).await
}

#[handler]
async fn serve(command: Serve, State(life): State<Life>) -> Result<(), Failure> {
    happen(command.fate, life).await
}

#[handler]
async fn close(_: Close) {}

fn worker(bus: &Bus, life: Life) -> WorkerBuilder {
    Worker::new(bus, "upgrade")
        .handlers(handlers![ship, book, serve, close])
        .provide(life)
        .concurrency(40)
        .poll_interval(Duration::from_millis(50))
}

/// A worker and a router.
pub(crate) struct Staff {
    worker: AtWork,
    router: Routing,
}

impl Staff {
    pub(crate) fn at_work(bus: &Bus, life: Life) -> Self {
        let router = Router::new(bus, "upgrade_trips").unwrap().poll_interval(Duration::from_millis(50));
        Self { worker: AtWork::start(worker(bus, life)), router: Routing::start(router) }
    }

    /// Everybody ends in order.
    pub(crate) async fn stop(self) {
        self.router.stop().await;
        self.worker.stop().await;
    }

    /// The router ends in order; the worker goes on.
    pub(crate) async fn stop_routing(self) -> AtWork {
        self.router.stop().await;
        self.worker
    }
}
