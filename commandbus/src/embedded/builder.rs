use std::collections::BTreeMap;
use std::env;
use std::fs::Permissions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::account::Account;
use super::installation;
use super::watcher::Watcher;
use super::{EmbeddedError, EmbeddedPostgres, PORT};

/// A socket's path has at most 103 bytes (macOS; 107 on Linux): this leaves room for our folder and the file.
const LONGEST_PARENT: usize = 70;
/// Many test threads with a small pool each.
const MAX_CONNECTIONS: u32 = 200;

/// What survives a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// Every commit, as PostgreSQL promises by default. What is measured or shown with it holds for a real server.
    #[default]
    Full,
    /// Nothing: no waiting for the disk. Only for tests, whose data is thrown away anyway.
    Relaxed,
}

/// Options of an [`EmbeddedPostgres`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    folders: Option<Vec<PathBuf>>,
    durability: Durability,
    settings: BTreeMap<String, String>,
}

impl Builder {
    /// Sets what survives a crash of the machine; [`Durability::Full`] unless told otherwise.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how many connections the server accepts; 200 unless told otherwise.
    pub fn max_connections(self, connections: u32) -> Self {
        self.setting("max_connections", connections.to_string())
    }

    /// Sets any setting of `postgresql.conf`; it goes before what the other options imply.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Looks for the binaries in `folders`, in this order, and nowhere else.
    ///
    /// Unless told otherwise: `PATH`, what `pg_config --bindir` says, the distributions' folders with the newest first.
    pub fn search<P: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        self.folders = Some(folders.into_iter().map(Into::into).collect());
        self
    }

    /// Starts the cluster and returns when it accepts connections, after a second or two.
    ///
    /// # Errors
    ///
    /// - [`EmbeddedError::NoBinaries`] if PostgreSQL is not installed; the text names the ways out;
    /// - [`EmbeddedError::NoUnprivilegedUser`] if root calls and has nobody to step down to;
    /// - [`EmbeddedError::Directory`] or [`EmbeddedError::Spawn`] if the temporary directory is out of reach;
    /// - [`EmbeddedError::Start`] if the server gave up, with the end of its log;
    /// - [`EmbeddedError::Prepare`] if its first connection failed.
    pub async fn start(self) -> Result<EmbeddedPostgres, EmbeddedError> {
        EmbeddedPostgres::launch(self).await
    }

    /// Blocks until the server accepts connections.
    pub(super) fn launch(&self) -> Result<(TempDir, Watcher), EmbeddedError> {
        let binaries = installation::find(self.folders.clone())?;
        let parent = parent_of_directory();
        let failed = |source| EmbeddedError::Directory { parent: parent.clone(), source };
        let directory = private_directory(&parent).map_err(failed)?;
        // The new directory belongs to whoever we are.
        let user = directory.path().metadata().map_err(failed)?.uid();
        let account = Account::for_server_of(user)?;
        if let Some(Account { uid, gid }) = account {
            chown(directory.path(), Some(uid), Some(gid)).map_err(failed)?;
        }
        let watcher = Watcher::start(&binaries, directory.path(), account, &self.settings_in(directory.path()))?;
        Ok((directory, watcher))
    }

    fn settings_in(&self, directory: &Path) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
        set("max_connections", MAX_CONNECTIONS.to_string());
        if self.durability == Durability::Relaxed {
            for name in ["fsync", "synchronous_commit", "full_page_writes"] {
                set(name, "off".to_owned());
            }
        }
        settings.extend(self.settings.clone());
        // Not up to the caller: our URLs depend on them.
        let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
        set("listen_addresses", String::new());
        set("port", PORT.to_string());
        set("unix_socket_directories", directory.display().to_string());
        set("logging_collector", "off".to_owned());
        settings
    }
}

fn parent_of_directory() -> PathBuf {
    let usual = env::temp_dir();
    if usual.as_os_str().as_bytes().len() <= LONGEST_PARENT { usual } else { PathBuf::from("/tmp") }
}

fn private_directory(parent: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("commandbus-").permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durability_is_postgres_own_unless_relaxed() {
        let directory = Path::new("/tmp/x");

        let full = Builder::default().settings_in(directory);
        assert!(!full.contains_key("fsync") && !full.contains_key("synchronous_commit"));

        let relaxed = Builder::default().durability(Durability::Relaxed).settings_in(directory);
        assert_eq!(relaxed["fsync"], "off");
    }

    #[test]
    fn a_setting_goes_before_a_profile_but_not_before_the_socket() {
        let settings = Builder::default()
            .setting("fsync", "on")
            .setting("port", "1")
            .max_connections(7)
            .durability(Durability::Relaxed)
            .settings_in(Path::new("/tmp/x"));

        assert_eq!(settings["fsync"], "on");
        assert_eq!(settings["max_connections"], "7");
        assert_eq!(settings["port"], "5432");
        assert_eq!(settings["unix_socket_directories"], "/tmp/x");
    }
}
