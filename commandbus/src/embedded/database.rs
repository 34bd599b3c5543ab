use std::env;

use super::{Builder, EmbeddedError, EmbeddedPostgres};

/// The variable that names a server of the user's.
const VARIABLE: &str = "DATABASE_URL";

/// A database to work with: the one `DATABASE_URL` names, else an embedded one.
///
/// Keep it for as long as the URL is used: an embedded server ends with it.
///
/// ```
/// use commandbus::{bus::Bus, embedded::{Builder, Database, Durability}};
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let database = Database::from_env_or(Builder::default().durability(Durability::Relaxed)).await?;
/// let bus = Bus::connect(database.url()).await?;
/// bus.migrate().await?;
/// // ..
/// database.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Database {
    /// A server that was running before and goes on after us.
    External {
        /// Its connection URL, as it was given.
        url: String,
    },
    /// A private server.
    Embedded(EmbeddedPostgres),
}

impl Database {
    /// Takes the server that `DATABASE_URL` names or, if it is unset or empty, starts an embedded one.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::start`]; an external server is not contacted.
    pub async fn from_env_or_embedded() -> Result<Self, EmbeddedError> {
        Self::from_env_or(EmbeddedPostgres::builder()).await
    }

    /// Takes the server that `DATABASE_URL` names or, if it is unset or empty, starts the one of `builder`.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::start`]; an external server is not contacted.
    pub async fn from_env_or(builder: Builder) -> Result<Self, EmbeddedError> {
        match env::var(VARIABLE) {
            Ok(url) if !url.trim().is_empty() => Ok(Self::External { url }),
            _ => builder.start().await.map(Self::Embedded),
        }
    }

    /// Returns its connection URL.
    pub fn url(&self) -> &str {
        match self {
            Self::External { url } => url,
            Self::Embedded(postgres) => postgres.url(),
        }
    }

    /// Stops it, if it is an embedded one.
    ///
    /// # Errors
    ///
    /// Those of [`EmbeddedPostgres::stop`].
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        match self {
            Self::External { .. } => Ok(()),
            Self::Embedded(postgres) => postgres.stop().await,
        }
    }
}
