//! The program between the tests and Chromium.

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

/// A chromedriver; it ends with its test, and every Chromium that it started with it.
pub(crate) struct Driver {
    child: Child,
    // Else it could not say anything any more.
    _out: BufReader<ChildStdout>,
    pub(crate) url: String,
    /// Where both keep what they need while they run.
    pub(crate) folder: TempDir,
}

impl Driver {
    pub(crate) fn start() -> Self {
        let driver = program(&["chromedriver"]);
        let folder = TempDir::with_prefix("commandbus-browser-").unwrap();
        let mut child = Command::new(driver)
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "chromedriver ended before it said where it listens");
            if let Some((_, port)) = line.trim_end().split_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        Self { child, _out: out, url: format!("http://127.0.0.1:{port}"), folder }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Its children first are found, for they would be nobody's without it.
        let mut all = descendants(self.child.id());
        all.push(self.child.id());
        let _ = Command::new("kill").arg("-KILL").args(all.iter().map(u32::to_string)).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// The first of these programs that is installed.
pub(crate) fn program(names: &[&str]) -> PathBuf {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let found = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.into_iter().find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "found no `{}`: these tests drive a real browser; `apt-get install chromium chromium-driver` on Debian, \
             `chromium-chromedriver` on Ubuntu and Alpine",
            names.join("`, `")
        )
    })
}

/// The processes that a process started, and those that these started.
fn descendants(ancestor: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(parent) = parent_of(&entry.path()) {
            children.entry(parent).or_default().push(id);
        }
    }
    let (mut found, mut next) = (Vec::new(), vec![ancestor]);
    while let Some(parent) = next.pop() {
        let of_parent = children.remove(&parent).unwrap_or_default();
        next.extend(&of_parent);
        found.extend(of_parent);
    }
    found
}

fn parent_of(process: &Path) -> Option<u32> {
    // `id (name, which may hold anything) state parent ..`
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
