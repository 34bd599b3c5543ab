//! PgBouncer before a database of a test, in transaction mode: whoever comes next gets whichever session is free.

use std::{
    env, fs,
    fs::Permissions,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use url::Url;

const DEADLINE: Duration = Duration::from_secs(30);

/// Whom it runs as when we are root, which it refuses to be.
const NOBODY: u32 = 65_534;

/// A pooler of a test's own.
#[derive(Debug)]
pub struct Pooler {
    process: Child,
    folder: TempDir,
    database: String,
}

impl Pooler {
    /// Starts one that has so many sessions of the database of `url` for everybody.
    ///
    /// # Panics
    ///
    /// If PgBouncer is not installed, or does not start.
    pub async fn start(url: &str, sessions: u32) -> Self {
        let program = program();
        let url = Url::parse(url).expect("it is the URL of a database");
        let database = url.path().trim_start_matches('/').to_owned();
        let socket = url.query_pairs().find(|(name, _)| name == "host").map(|(_, path)| path.into_owned());
        let folder = tempfile::Builder::new().prefix("pooler-").tempdir_in("/tmp").expect("there is room");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");

        let host = socket.clone().unwrap_or_else(|| url.host_str().unwrap_or("localhost").to_owned());
        let password = url.password().map(|password| format!(" password={password}")).unwrap_or_default();
        let settings = format!(
            "[databases]\n* = host={host} port={} user={}{password}\n\
             [pgbouncer]\nunix_socket_dir = {}\nlisten_port = 6432\npool_mode = transaction\nauth_type = any\n\
             default_pool_size = {sessions}\nmax_client_conn = 200\n",
            url.port().unwrap_or(5432),
            if url.username().is_empty() { "postgres" } else { url.username() },
            folder.path().display(),
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings).expect("it is ours");

        let log = fs::File::create(folder.path().join("log")).expect("it is ours");
        let mut command = Command::new(program);
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if folder.path().metadata().expect("it is ours").uid() == 0 {
            // Who may reach the socket of the database is its owner.
            let user = socket.and_then(|path| Path::new(&path).metadata().ok()).map_or(NOBODY, |folder| folder.uid());
            chown(folder.path(), Some(user), None).expect("root may");
            command.uid(user);
        }
        let pooler = Self { process: command.spawn().expect("it is a program"), folder, database };
        pooler.until_open().await;
        pooler
    }

    /// Returns the URL of the database through it.
    pub fn url(&self) -> String {
        let folder = self.folder.path().display();
        format!("postgres://postgres@localhost:6432/{}?host={folder}", self.database)
    }

    async fn until_open(&self) {
        let options: PgConnectOptions = self.url().parse().expect("it is a URL");
        let options = options.extra_float_digits(None);
        let deadline = Instant::now() + DEADLINE;
        loop {
            match PgConnection::connect_with(&options).await {
                Ok(connection) => return drop(connection.close().await),
                Err(error) if Instant::now() > deadline => {
                    let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                    panic!("PgBouncer does not let us in: {error}\n{log}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where it is: packages put it among the programs of administrators.
fn program() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
        .expect("PgBouncer is not installed: `apt-get install pgbouncer`")
}
