//! Finds the server's binaries.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::EmbeddedError;

/// What a folder must hold; clients alone (`psql`, `pg_config`) are often installed without them.
const NEEDED: [&str; 2] = ["initdb", "postgres"];

/// Where packages put their versions, as parent, what the version's folder begins with, and where its binaries are.
const PACKAGES: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"), // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),          // PGDG on Fedora, RHEL, SUSE
    ("/usr/libexec", "postgresql", ""), // Alpine
    ("/usr/local", "pgsql", "bin"),     // built from source
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"), // Homebrew on Intel
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Returns the first of `folders` that holds a server, or of this machine's usual ones.
pub(super) fn find(folders: Option<Vec<PathBuf>>) -> Result<PathBuf, EmbeddedError> {
    let folders = folders.unwrap_or_else(usual_folders);
    match folders.iter().find(|folder| holds_server(folder)) {
        Some(folder) => Ok(folder.clone()),
        None => Err(EmbeddedError::NoBinaries { searched: folders }),
    }
}

fn holds_server(folder: &Path) -> bool {
    NEEDED.iter().all(|name| folder.join(name).is_file())
}

fn usual_folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path)
        // The server is started from another working directory.
        .filter(|folder| folder.is_absolute())
        .collect();
    folders.extend(bindir());
    folders.extend(packaged());
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// What `pg_config`, where there is one, says about the server it belongs to.
fn bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config")
        .arg("--bindir")
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim()))
}

/// The packages' folders on this machine, newest version first.
fn packaged() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (parent, prefix, binaries) in PACKAGES {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if let Some(version) = entry.file_name().to_str().and_then(|n| n.strip_prefix(prefix)) {
                found.push((version_number(version), entry.path().join(binaries)));
            }
        }
    }
    found.sort_by_key(|(version, _)| Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// `17`, `@17`, `9.6` as numbers that sort; a folder without a version comes last.
fn version_number(text: &str) -> (u32, u32) {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_numbers() {
        assert!(version_number("17") > version_number("9.6"));
        assert!(version_number("@17") > version_number("@16"));
        assert!(version_number("9.6") > version_number("9.5"));
        assert!(version_number("") < version_number("9"));
    }

    #[test]
    fn without_binaries_the_error_names_the_ways_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("initdb"), "").unwrap();

        let error = find(Some(vec![folder.path().to_owned()])).unwrap_err();
        let text = error.to_string();

        assert!(matches!(error, EmbeddedError::NoBinaries { .. }));
        for way_out in ["DATABASE_URL", "apt-get install postgresql", "PATH"] {
            assert!(text.contains(way_out), "{way_out} is missing in: {text}");
        }
        assert!(text.contains(&folder.path().display().to_string()), "{text}");
    }

    #[test]
    fn the_first_folder_with_a_server_wins() {
        let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        for folder in &folders[1..] {
            for name in NEEDED {
                fs::write(folder.path().join(name), "").unwrap();
            }
        }

        let paths = folders.iter().map(|f| f.path().to_owned()).collect();
        assert_eq!(find(Some(paths)).unwrap(), folders[1].path());
    }
}
