//! The shell that runs the server and outlives us by a moment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::EmbeddedError;
use super::account::Account;

const SCRIPT: &str = include_str!("watch.sh");
const LOG: &str = "server.log";
/// Of the log, in an error.
const TAIL_LINES: usize = 20;

/// The running watcher: its stdin is a pipe whose other end only we hold.
///
/// The kernel closes that end when we end, however we end. The standard library opens it close-on-exec, so no child
/// of ours keeps it open.
pub(super) struct Watcher(Child);

impl Watcher {
    /// Makes a cluster in `directory` and returns when it accepts connections.
    pub(super) fn start(
        binaries: &Path,
        directory: &Path,
        account: Option<Account>,
        settings: &BTreeMap<String, String>,
    ) -> Result<Self, EmbeddedError> {
        let mut watcher = spawn(binaries, directory, account, settings)
            .map_err(|source| EmbeddedError::Spawn { directory: directory.to_owned(), source })?;
        if watcher.says_ready() {
            Ok(watcher)
        } else {
            // Read before the watcher, dropped, removes it.
            let log = tail(&directory.join(LOG));
            Err(EmbeddedError::Start { log })
        }
    }

    fn says_ready(&mut self) -> bool {
        let mut line = String::new();
        let read = self.0.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        matches!(read, Some(Ok(_))) && line.trim_end() == "ready"
    }

    /// Stops the server, removes its directory and returns when both are gone; again is allowed.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        // Closes stdin first, which is the signal.
        let status = self.0.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("its watcher ended with {status}"))) }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "PostgreSQL did not stop in order");
        }
    }
}

fn spawn(
    binaries: &Path,
    directory: &Path,
    account: Option<Account>,
    settings: &BTreeMap<String, String>,
) -> io::Result<Watcher> {
    let mut command = Command::new("sh");
    command
        .args(["-c", SCRIPT, "commandbus-watcher"])
        .args([binaries, directory])
        .current_dir(directory)
        // Ctrl-C goes to the terminal's foreground group: it must end us, not the watcher before us.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Not ours: whoever reads our stderr to its end must not wait for the server.
        .stderr(File::create(directory.join(LOG))?);
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    if let Some(Account { uid, gid }) = account {
        // Drops root's supplementary groups, too.
        command.gid(gid).uid(uid);
    }
    command.spawn().map(Watcher)
}

fn tail(log: &Path) -> String {
    let text = match fs::read(log) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return format!("(cannot read {}: {error})", log.display()),
    };
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
