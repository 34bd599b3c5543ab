//! A proxy before the server: it cuts connections, and it lets others hang.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rand::{Rng, RngExt, rngs::StdRng};
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

pub(crate) struct Proxy {
    url: String,
    connections: Connections,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Passes on to the socket of a server.
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://postgres@{}/commandbus?sslmode=disable", listener.local_addr().unwrap());
        let connections = Connections::default();
        let accepting = tokio::spawn(accept(listener, socket, Arc::clone(&connections)));
        Self { url, connections, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Cuts about half of the connections.
    pub(crate) fn cut(&self, random: &mut StdRng) {
        self.doom(Fate::Cut, random);
    }

    /// Lets about half of the connections hang, for ever.
    pub(crate) fn stall(&self, random: &mut StdRng) {
        self.doom(Fate::Stalls, random);
    }

    fn doom(&self, fate: Fate, random: &mut impl Rng) {
        let mut connections = self.connections.lock().unwrap();
        connections.retain(|connection| !connection.is_closed());
        for connection in connections.iter().filter(|connection| *connection.borrow() == Fate::Flows) {
            if random.random_bool(0.5) {
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
        let (client, _) = listener.accept().await.unwrap();
        let (fate, told) = watch::channel(Fate::Flows);
        connections.lock().unwrap().push(fate);
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
