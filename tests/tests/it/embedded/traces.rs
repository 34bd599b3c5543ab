use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use tempfile::TempDir;

use super::{DEADLINE, POLL};

/// Checks `holds` until it does; fails with what is `awaited` when the deadline has passed.
pub(crate) fn eventually(awaited: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {awaited}");
        sleep(POLL);
    }
}

/// What must be gone when a server is.
#[derive(Debug)]
pub(crate) struct Traces {
    directory: PathBuf,
    pub(crate) server: u32,
}

impl Traces {
    pub(crate) fn of(directory: &Path) -> Self {
        let pid_file = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
        Self { directory: directory.to_owned(), server: pid_file.lines().next().unwrap().parse().unwrap() }
    }

    pub(crate) fn are_gone(&self) -> bool {
        !self.directory.exists() && !is_alive(self.server)
    }

    pub(crate) fn go_soon(&self) {
        eventually(&format!("the end of {self:?}"), || self.are_gone());
    }
}

pub(crate) fn is_alive(process: u32) -> bool {
    Command::new("sh")
        .args(["-c", "kill -0 \"$1\"", "sh", &process.to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// Makes a folder for temporary directories that anyone may use, as `/tmp` is.
pub(crate) fn folder_for_all() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    folder
}

pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
