use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use commandbus::embedded::{Durability, EmbeddedPostgres};
use sqlx::{Connection, PgConnection};

use super::OWNER;
use super::traces::{Traces, entries, eventually, folder_for_all, is_alive};

async fn start() -> EmbeddedPostgres {
    EmbeddedPostgres::builder().durability(Durability::Relaxed).start().await.unwrap()
}

/// A process that owns an embedded server.
struct Owner(Child);

impl Owner {
    fn spawn(command: &mut Command) -> Self {
        Self(command.env_remove("DATABASE_URL").spawn().unwrap())
    }

    /// Waits for its server.
    fn traces(&mut self) -> Traces {
        let mut url = String::new();
        let output = self.0.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut url).unwrap();
        let (_, directory) = url.trim_end().split_once("?host=").unwrap();
        Traces::of(Path::new(directory))
    }

    fn end_by(&mut self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
        self.0.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // After a failed assertion; otherwise it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_drop_ends_it_also_under_open_connections() {
    let postgres = start().await;
    let traces = Traces::of(postgres.directory());
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&mut connection).await.unwrap();
    assert_eq!(one, 1);

    drop(postgres);
    assert!(traces.are_gone());
}

#[tokio::test]
async fn a_panic_ends_it() {
    let postgres = start().await;
    let traces = Traces::of(postgres.directory());

    let task = tokio::spawn(async move {
        let _owned = postgres;
        panic!("on purpose");
    });
    assert!(task.await.unwrap_err().is_panic());
    assert!(traces.are_gone());
}

#[test]
fn a_killed_owner_leaves_nothing() {
    for signal in ["-KILL", "-INT", "-TERM"] {
        let mut owner = Owner::spawn(Command::new(OWNER).stdout(Stdio::piped()));
        let traces = owner.traces();
        assert!(is_alive(traces.server));

        owner.end_by(signal);
        traces.go_soon();
    }
}

#[test]
fn an_owner_killed_while_it_starts_leaves_nothing() {
    let temporary = folder_for_all();
    let mut owner = Owner::spawn(Command::new(OWNER).env("TMPDIR", temporary.path()).stdout(Stdio::null()));
    eventually("initdb has begun", || {
        entries(temporary.path()).iter().any(|directory| directory.join("data").exists())
    });

    owner.end_by("-KILL");
    eventually("an empty folder", || entries(temporary.path()).is_empty());
}

/// Whoever reads the output of a program to its end (`cargo test | tail`) must not wait for a server.
#[cfg(target_os = "linux")]
#[test]
fn the_server_does_not_hold_its_owners_output() {
    let mut owner = Owner::spawn(Command::new(OWNER).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let traces = owner.traces();

    let outputs = [1, 2].map(|fd| Path::new(&format!("/proc/{}/fd/{fd}", owner.0.id())).read_link().unwrap());
    let held = entries(Path::new(&format!("/proc/{}/fd", traces.server)))
        .iter()
        .filter_map(|fd| fd.read_link().ok())
        .collect::<Vec<_>>();
    assert!(!held.is_empty());
    assert!(!held.iter().any(|file| outputs.contains(file)), "{held:?}");

    owner.end_by("-KILL");
    traces.go_soon();
}
