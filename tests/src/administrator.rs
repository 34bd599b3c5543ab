//! The one thread that creates and drops databases.
//!
//! Every test has a runtime of its own and connections do not move between runtimes, so one thread keeps the server
//! and the only administrative connection for the whole process. It also puts the copies of the template in a row,
//! as PostgreSQL wants it: the source of a copy may have no other user.

use std::fmt;
use std::sync::{Arc, LazyLock, mpsc as blocking};
use std::thread;

use commandbus::embedded::{Database, Durability, EmbeddedError, EmbeddedPostgres};
use commandbus::store::postgres::MigrateError;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::leftovers;
use crate::template::prepare_template;

const TEMPLATE: u32 = 0;

static ADMINISTRATOR: LazyLock<mpsc::UnboundedSender<Request>> = LazyLock::new(|| {
    let (requests, inbox) = mpsc::unbounded_channel();
    thread::Builder::new()
        .name("test databases".to_owned())
        .spawn(move || serve(inbox))
        .expect("the system has room for one more thread");
    requests
});

/// What a new database holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    /// What the template holds: the migrated schema.
    Migrated,
    /// Nothing.
    Nothing,
}

/// Creates a database and returns its name and connection URL.
pub(crate) async fn create_database(content: Content) -> Result<(Name, String), Failure> {
    let (answer, created) = oneshot::channel();
    // A closed channel shows as an answer that never comes.
    let _ = ADMINISTRATOR.send(Request::Create(content, answer));
    created.await.unwrap_or(Err(Failure::Gone))
}

/// Drops a database, whoever is still connected, and returns when it is gone.
///
/// Blocks: nobody waits for our thread when the process ends.
pub(crate) fn drop_database(name: Name) -> Result<(), Failure> {
    let (answer, dropped) = blocking::channel();
    let _ = ADMINISTRATOR.send(Request::Drop(name, answer));
    dropped.recv().unwrap_or(Err(Failure::Gone))
}

/// The name of a database: `commandbus_test_<run>_<number>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) run: u32,
    number: u32,
}

impl Name {
    const PREFIX: &str = "commandbus_test_";

    /// Reads a name back; none if it is not one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (run, number) = text.strip_prefix(Self::PREFIX)?.split_once('_')?;
        let name = Self { run: run.parse().ok()?, number: number.parse().ok()? };
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}_{}", Self::PREFIX, self.run, self.number)
    }
}

/// Why there is no database for a test.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Embedded(Arc<EmbeddedError>),
    #[error("DATABASE_URL is not a URL: {0}")]
    Url(#[from] url::ParseError),
    #[error("the server of DATABASE_URL, or the embedded one, refused: {0}")]
    Server(Arc<sqlx::Error>),
    #[error("the template could not be migrated: {0}")]
    Migrate(Arc<MigrateError>),
    #[error("the thread that creates databases has panicked")]
    Gone,
}

impl From<EmbeddedError> for Failure {
    fn from(error: EmbeddedError) -> Self {
        Self::Embedded(Arc::new(error))
    }
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        Self::Migrate(Arc::new(error))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Server(Arc::new(error))
    }
}

enum Request {
    Create(Content, oneshot::Sender<Result<(Name, String), Failure>>),
    Drop(Name, blocking::Sender<Result<(), Failure>>),
}

#[tokio::main(flavor = "current_thread")]
async fn serve(mut requests: mpsc::UnboundedReceiver<Request>) {
    let mut server = Server::start().await;
    while let Some(request) = requests.recv().await {
        // Who no longer waits for an answer leaves its database to the next run's sweep.
        match request {
            Request::Create(content, answer) => {
                let created = match &mut server {
                    Ok(server) => server.create(content).await,
                    Err(failure) => Err(failure.clone()),
                };
                let _ = answer.send(created);
            }
            Request::Drop(name, answer) => {
                let dropped = match &mut server {
                    Ok(server) => server.drop(name).await,
                    Err(failure) => Err(failure.clone()),
                };
                let _ = answer.send(dropped);
            }
        }
    }
}

struct Server {
    // Ends with the process: its owner is this thread.
    _database: Database,
    url: Url,
    connection: PgConnection,
    template: Name,
    last: u32,
}

impl Server {
    async fn start() -> Result<Self, Failure> {
        let relaxed = EmbeddedPostgres::builder().durability(Durability::Relaxed);
        let database = Database::from_env_or(relaxed).await?;
        let url = Url::parse(database.url())?;
        let mut connection = PgConnection::connect(database.url()).await?;
        let template = Name { run: rand::random(), number: TEMPLATE };
        leftovers::hold(&mut connection, template.run).await?;
        leftovers::sweep(&mut connection).await?;
        let mut server = Self { _database: database, url, connection, template, last: TEMPLATE };
        server.execute(format!("create database {template}")).await?;
        prepare_template(&server.url_of(template)).await?;
        Ok(server)
    }

    async fn create(&mut self, content: Content) -> Result<(Name, String), Failure> {
        self.last += 1;
        let name = Name { number: self.last, ..self.template };
        match content {
            Content::Migrated => self.execute(format!("create database {name} template {}", self.template)).await?,
            Content::Nothing => self.execute(format!("create database {name} template template0")).await?,
        }
        Ok((name, self.url_of(name)))
    }

    async fn drop(&mut self, name: Name) -> Result<(), Failure> {
        self.execute(format!("drop database if exists {name} with (force)")).await
    }

    async fn execute(&mut self, statement: String) -> Result<(), Failure> {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut self.connection).await?;
        Ok(())
    }

    fn url_of(&self, name: Name) -> String {
        let mut url = self.url.clone();
        url.set_path(&name.to_string());
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_others_are_left_alone() {
        let name = Name { run: 7, number: 3 };
        assert_eq!(Name::parse(&name.to_string()), Some(name));
        for foreign in ["postgres", "commandbus_test_x_1", "commandbus_test_7_03"] {
            assert_eq!(Name::parse(foreign), None, "{foreign}");
        }
    }
}
