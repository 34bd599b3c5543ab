//! A server of a test's own, which it may stop and start.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use commandbus::embedded::{Durability, EmbeddedPostgres};
use sqlx::{Connection, PgConnection};

use crate::time::until;

pub(super) struct Server {
    // Above what made its data: it must have ended before these go.
    restarted: Restarted,
    postgres: EmbeddedPostgres,
}

impl Server {
    pub(super) async fn start() -> Self {
        let postgres = EmbeddedPostgres::builder().durability(Durability::Relaxed).start().await.unwrap();
        Self { restarted: Restarted(None), postgres }
    }

    pub(super) fn url(&self) -> &str {
        self.postgres.url()
    }

    /// Shuts it down: sessions are ended, and new ones refused.
    pub(super) async fn stop(&self) {
        let pid_file = self.data().join("postmaster.pid");
        let pid = fs::read_to_string(&pid_file).unwrap().lines().next().unwrap().to_owned();
        assert!(Command::new("sh").args(["-c", "kill -INT \"$1\"", "sh", &pid]).status().unwrap().success());
        until(async || !pid_file.exists()).await;
    }

    /// Starts it on the same data and the same socket.
    pub(super) async fn start_again(&mut self) {
        let command = fs::read_to_string(self.data().join("postmaster.opts")).unwrap();
        let owner = self.data().metadata().unwrap();
        let server = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .current_dir(self.postgres.directory())
            .uid(owner.uid())
            .gid(owner.gid())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.restarted = Restarted(Some(server));
        until(async || match PgConnection::connect(self.url()).await {
            Ok(connection) => connection.close().await.is_ok(),
            Err(_) => false,
        })
        .await;
    }

    fn data(&self) -> PathBuf {
        self.postgres.directory().join("data")
    }
}

/// The server that was started again, which only we know of.
struct Restarted(Option<Child>);

impl Drop for Restarted {
    fn drop(&mut self) {
        if let Some(server) = &mut self.0 {
            let pid = server.id().to_string();
            // Immediate shutdown, which takes its own children with it.
            let _ = Command::new("sh").args(["-c", "kill -QUIT \"$1\"", "sh", &pid]).status();
            let _ = server.wait();
        }
    }
}
