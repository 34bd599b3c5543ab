use std::io;
use std::path::PathBuf;

/// Why there is no private PostgreSQL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No folder holds both `initdb` and `postgres`.
    #[error(
        "found no PostgreSQL on this machine (looked for `initdb` and `postgres` in {}); one of these helps:\n\
         - set DATABASE_URL to a server that runs already: postgres://user:password@host/database\n\
         - install PostgreSQL 14 or newer, nothing needs to be configured or started:\n\
         \x20   Debian, Ubuntu  apt-get install postgresql\n\
         \x20   Fedora, RHEL    dnf install postgresql-server\n\
         \x20   Arch            pacman -S postgresql\n\
         \x20   Alpine          apk add postgresql\n\
         \x20   macOS           brew install postgresql@17\n\
         - if it is installed elsewhere, add the folder that holds `initdb` to PATH",
        list(searched)
    )]
    NoBinaries {
        /// The folders that were searched, in order.
        searched: Vec<PathBuf>,
    },

    /// Root started it, and there is no user that the server could run as.
    #[error(
        "PostgreSQL does not run as root and this machine has neither a user `postgres` nor `nobody` to run it as; \
         create one (`useradd --system postgres`), start this program as an ordinary user, or set DATABASE_URL"
    )]
    NoUnprivilegedUser,

    /// The directory for the data could not be prepared.
    #[error("cannot prepare a directory for PostgreSQL in {}; TMPDIR names another place", parent.display())]
    Directory {
        /// Where it should have been.
        parent: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The shell that watches over the server could not be run.
    #[error(
        "cannot run `sh` in {}; as root, mind that the unprivileged user must reach it (TMPDIR names another place)",
        directory.display()
    )]
    Spawn {
        /// The working directory it was given.
        directory: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// PostgreSQL itself gave up.
    #[error("PostgreSQL did not start; its log ends with:\n{log}")]
    Start {
        /// The last lines of its log.
        log: String,
    },

    /// The watcher did not end in order, so the server or its data may have been left behind.
    #[error("PostgreSQL did not stop in order; processes or files in {} may be left", directory.display())]
    Stop {
        /// Where its data was.
        directory: PathBuf,
        /// What became of the watcher.
        source: io::Error,
    },

    /// The server runs, but its first connection failed.
    #[error("PostgreSQL started but could not be prepared")]
    Prepare(#[from] sqlx::Error),
}

fn list(folders: &[PathBuf]) -> String {
    let shown: Vec<_> = folders.iter().map(|f| f.display().to_string()).collect();
    if shown.is_empty() { "no folder at all".to_owned() } else { shown.join(", ") }
}
