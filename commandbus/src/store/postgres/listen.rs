//! Wake-ups: one connection that listens for everything somebody in this process waits for.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::postgres::{PgConnectOptions, PgListener, PgNotification, PgPoolOptions};
use tokio::{
    sync::{broadcast, mpsc},
    task::JoinHandle,
};

use crate::{message::Domain, store::Wake};

/// Wake-ups that may wait for a slow receiver; one that falls behind is told to look at everything.
const CAPACITY: usize = 1024;

const QUEUE_PREFIX: &str = "pgmq_notify_";
const REPLY_CHANNEL: &str = "commandbus_reply";
const PROCESS_CHANNEL: &str = "commandbus_process";
const BATCH_CHANNEL: &str = "commandbus_batch";

/// The pauses between attempts to reach the database again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Listens in the background from the first [`watch`](Listener::watch) on.
#[derive(Debug)]
pub(super) struct Listener {
    /// None where listening would reach nobody.
    options: Option<PgConnectOptions>,
    wakes: broadcast::Sender<Wake>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    channels: Arc<Mutex<HashSet<String>>>,
    /// The task and the way to tell it of a new channel; it ends with its runtime, and is started again then.
    task: Option<(JoinHandle<()>, mpsc::UnboundedSender<String>)>,
}

impl Listener {
    pub(super) fn new(options: Option<PgConnectOptions>) -> Self {
        Self { options, wakes: broadcast::channel(CAPACITY).0, state: Mutex::default() }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Wake> {
        self.wakes.subscribe()
    }

    pub(super) fn watch(&self, wake: &Wake) {
        let Some(options) = &self.options else { return };
        let channel = match wake {
            Wake::Queue(queue) => format!("{QUEUE_PREFIX}{queue}"),
            Wake::Reply(_) => REPLY_CHANNEL.to_owned(),
            Wake::Process(_) => PROCESS_CHANNEL.to_owned(),
            Wake::Batch(_) => BATCH_CHANNEL.to_owned(),
            Wake::Resync => return,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let new = state.channels.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.clone());
        match &state.task {
            Some((task, added)) if !task.is_finished() => {
                if new {
                    // A task that ends between the two lines is started again by the next call; pollers poll meanwhile.
                    let _ = added.send(channel);
                }
            }
            _ => {
                let (added, new_channels) = mpsc::unbounded_channel();
                let task = listen(options.clone(), Arc::clone(&state.channels), new_channels, self.wakes.clone());
                state.task = Some((tokio::spawn(task), added));
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some((task, _)) = &self.state.get_mut().unwrap_or_else(PoisonError::into_inner).task {
            task.abort();
        }
    }
}

async fn listen(
    options: PgConnectOptions,
    channels: Arc<Mutex<HashSet<String>>>,
    mut new_channels: mpsc::UnboundedReceiver<String>,
    wakes: broadcast::Sender<Wake>,
) {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(RECONNECT.0)
        .with_max_delay(RECONNECT.1)
        .without_max_times()
        .with_jitter();
    let mut pause = pauses.build();
    loop {
        // What was added meanwhile stands among the channels.
        while new_channels.try_recv().is_ok() {}
        match connect(&options, &channels).await {
            Ok(mut listener) => {
                pause = pauses.build();
                // Whatever was notified while nobody listened is not repeated.
                let _ = wakes.send(Wake::Resync);
                if let Err(error) = forward(&mut listener, &mut new_channels, &wakes).await {
                    tracing::warn!(%error, "lost the connection that listens for notifications; polling until it is back");
                }
            }
            Err(error) => tracing::warn!(%error, "cannot listen for notifications; polling until it works"),
        }
        tokio::time::sleep(pause.next().unwrap_or(RECONNECT.1)).await;
    }
}

async fn connect(options: &PgConnectOptions, channels: &Mutex<HashSet<String>>) -> Result<PgListener, sqlx::Error> {
    // A pool for each connection: one that is lost must not stand in the way of the next.
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    let names: Vec<String> = channels.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
    listener.listen_all(names.iter().map(String::as_str)).await?;
    Ok(listener)
}

/// Passes notifications on until the connection is lost.
async fn forward(
    listener: &mut PgListener,
    new_channels: &mut mpsc::UnboundedReceiver<String>,
    wakes: &broadcast::Sender<Wake>,
) -> Result<(), sqlx::Error> {
    loop {
        tokio::select! {
            notification = listener.try_recv() => match notification? {
                Some(notification) => {
                    if let Some(wake) = wake(&notification) {
                        let _ = wakes.send(wake);
                    }
                }
                None => return Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())),
            },
            Some(channel) = new_channels.recv() => {
                listener.listen(&channel).await?;
                let _ = wakes.send(Wake::Resync);
            }
        }
    }
}

fn wake(notification: &PgNotification) -> Option<Wake> {
    match notification.channel() {
        REPLY_CHANNEL => Domain::new(notification.payload().to_owned()).ok().map(Wake::Reply),
        PROCESS_CHANNEL => Domain::new(notification.payload().to_owned()).ok().map(Wake::Process),
        BATCH_CHANNEL => Some(Wake::Batch(notification.payload().parse().ok())),
        channel => channel.strip_prefix(QUEUE_PREFIX).map(|queue| Wake::Queue(queue.to_owned())),
    }
}
