//! A proxy before the server: it cuts connections, and it lets others hang.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rand::{RngExt, rngs::StdRng};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Flows,
    Cut,
    Stalls,
}

type Connections = Arc<Mutex<Vec<watch::Sender<Fate>>>>;

/// A proxy of a test's own; it ends with this value.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    connections: Connections,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Passes on to the socket of a server.
    ///
    /// # Panics
    ///
    /// If the system has no port left.
    pub async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the system has a port left");
        let url =
            format!("postgres://postgres@{}/commandbus?sslmode=disable", listener.local_addr().expect("it is bound"));
        let connections = Connections::default();
        let accepting = tokio::spawn(accept(listener, socket, Arc::clone(&connections)));
        Self { url, connections, accepting }
    }

    /// Returns the connection URL of the database `commandbus` behind it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts about half of the connections.
    pub fn cut_some(&self, random: &mut StdRng) {
        self.doom(Fate::Cut, || random.random_bool(0.5));
    }

    /// Lets about half of the connections hang, for ever: both ends stay open, and nothing comes through.
    pub fn stall_some(&self, random: &mut StdRng) {
        self.doom(Fate::Stalls, || random.random_bool(0.5));
    }

    /// Lets every connection hang that there is now.
    pub fn stall_all(&self) {
        self.doom(Fate::Stalls, || true);
    }

    fn doom(&self, fate: Fate, mut hits: impl FnMut() -> bool) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|connection| !connection.is_closed());
        for connection in connections.iter().filter(|connection| *connection.borrow() == Fate::Flows) {
            if hits() {
                connection.send_replace(fate);
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, connections: Connections) {
    loop {
        let (client, _) = listener.accept().await.expect("the system has room for one more");
        let (fate, told) = watch::channel(Fate::Flows);
        connections.lock().unwrap_or_else(PoisonError::into_inner).push(fate);
        tokio::spawn(pass_on(client, socket.clone(), told));
    }
}

async fn pass_on(mut client: TcpStream, socket: PathBuf, mut fate: watch::Receiver<Fate>) {
    // A server that is down lets nobody in.
    let Ok(mut server) = UnixStream::connect(socket).await else { return };
    let doomed = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        doomed = fate.wait_for(|fate| *fate != Fate::Flows) => doomed.map(|fate| *fate),
    };
    if doomed.is_ok_and(|fate| fate == Fate::Stalls) {
        // Both ends stay open until the test is over, and nobody says anything.
        std::future::pending::<()>().await;
    }
}
