//! The user that the server runs as.

use std::process::{Command, Stdio};

use super::EmbeddedError;

const ROOT: u32 = 0;
/// `postgres` comes with the distributions' packages, `nobody` with every unix.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// An unprivileged user that root steps down to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// Returns whom to step down to, which only root has to.
    pub(super) fn for_server_of(user: u32) -> Result<Option<Self>, EmbeddedError> {
        if user != ROOT {
            return Ok(None);
        }
        let account = CANDIDATES.into_iter().find_map(Self::named);
        account.map(Some).ok_or(EmbeddedError::NoUnprivilegedUser)
    }

    fn named(name: &str) -> Option<Self> {
        Some(Self { uid: id("-u", name)?, gid: id("-g", name)? }).filter(|account| account.uid != ROOT)
    }
}

/// Asks `id`, which knows every source of users and not just `/etc/passwd`.
fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id")
        .args([which, name])
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_steps_down() {
        assert!(Account::for_server_of(1000).unwrap().is_none());
        let account = Account::for_server_of(ROOT).unwrap().expect("`nobody` is everywhere");
        assert_ne!(account.uid, ROOT);
    }

    #[test]
    fn an_unknown_user_is_none() {
        assert!(Account::named("no-such-user-here").is_none());
    }
}
