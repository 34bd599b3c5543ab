//! A server of a test's own, which it may stop, kill and start again.

use std::{
    fs::{self, File},
    io,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use commandbus::embedded::{Builder, EmbeddedPostgres};
use sqlx::{Connection, PgConnection};

/// Longer than any start or end takes, recovery included.
const DEADLINE: Duration = Duration::from_secs(60);

/// A private server with data of its own.
#[derive(Debug)]
pub struct Server {
    // Above what made its data: it must have ended before these go.
    restarted: Restarted,
    postgres: EmbeddedPostgres,
}

impl Server {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start(builder: Builder) -> Self {
        Self { restarted: Restarted(None), postgres: builder.start().await.expect("PostgreSQL starts") }
    }

    /// Returns its connection URL.
    pub fn url(&self) -> &str {
        self.postgres.url()
    }

    /// Returns the socket that it listens on.
    pub fn socket(&self) -> PathBuf {
        self.postgres.directory().join(".s.PGSQL.5432")
    }

    /// Shuts it down: sessions are ended, and new ones refused.
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub async fn stop(&self) {
        signal("INT", &[self.pid()]);
        until("its end", async || !self.pid_file().exists()).await;
    }

    /// Kills it and every process of it at once, as a machine that loses its power does.
    ///
    /// # Panics
    ///
    /// If they do not end.
    pub async fn kill(&mut self) {
        let server = self.pid();
        let mut processes = children(server).expect("the system tells of its processes");
        processes.insert(0, server);
        signal("KILL", &processes);
        if let Some(server) = &mut self.restarted.0 {
            server.wait().expect("it was our child");
        }
        self.restarted.0 = None;
        until("its processes to end", async || processes.iter().all(|pid| has_ended(*pid))).await;
        // What is left of it would be taken for a server that runs, once another process has its number.
        for left in [self.pid_file(), self.socket().with_added_extension("lock")] {
            fs::remove_file(left).expect("it was killed before it could");
        }
    }

    /// Starts it on the same data and the same socket, and returns when it lets anybody in.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start_again(&mut self) {
        self.start_again_with("").await;
    }

    /// The same, with more options of `postgres`.
    pub(crate) async fn start_again_with(&mut self, options: &str) {
        let command = fs::read_to_string(self.data().join("postmaster.opts")).expect("it ran before");
        let owner = self.data().metadata().expect("it ran before");
        let server = Command::new("sh")
            .args(["-c", &format!("exec {} {options}", command.trim_end())])
            .current_dir(self.postgres.directory())
            .uid(owner.uid())
            .gid(owner.gid())
            .stdin(Stdio::null())
            .stderr(File::options().append(true).open(self.log()).expect("it ran before"))
            .spawn()
            .expect("it ran before");
        self.restarted = Restarted(Some(server));
        until("its start", async || match PgConnection::connect(self.url()).await {
            Ok(connection) => connection.close().await.is_ok(),
            Err(_) => false,
        })
        .await;
    }

    /// Returns where it writes what happens to it.
    pub fn log(&self) -> PathBuf {
        self.postgres.directory().join("server.log")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.postgres.directory().join("data")
    }

    fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }

    fn pid(&self) -> u32 {
        let text = fs::read_to_string(self.pid_file()).expect("it runs");
        text.lines().next().and_then(|line| line.parse().ok()).expect("the first line is its number")
    }
}

/// The server that was started again, which only we know of.
#[derive(Debug)]
struct Restarted(Option<Child>);

impl Drop for Restarted {
    fn drop(&mut self) {
        if let Some(server) = &mut self.0 {
            // Immediate shutdown, which takes its own children with it.
            signal("QUIT", &[server.id()]);
            let _ = server.wait();
        }
    }
}

/// Sends a signal to processes; one that has ended meanwhile is passed over.
fn signal(name: &str, pids: &[u32]) {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    // In one call, so that none of them sees the end of another.
    let script = format!("kill -{name} \"$@\"");
    let _ = Command::new("sh").args(["-c", &script, "sh"]).args(pids).stderr(Stdio::null()).status();
}

/// The processes that a process has started.
fn children(parent: u32) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if status(pid).is_some_and(|(_, of)| of == parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// The state of a process, and its parent; `None` when it is gone.
fn status(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // After the name, which may hold anything.
    let mut fields = text[text.rfind(')')? + 1..].split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether a process is gone, or only waits to be noticed by its parent.
fn has_ended(pid: u32) -> bool {
    status(pid).is_none_or(|(state, _)| matches!(state, 'Z' | 'X'))
}

async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
