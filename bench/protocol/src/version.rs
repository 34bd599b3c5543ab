//! Which version of a crate was built.

const LOCK_FILE: &str = include_str!("../../Cargo.lock");

/// The version of a package in the lock file of this workspace.
pub fn locked_version(package: &str) -> String {
    let mut lines = LOCK_FILE.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \""));
    version.unwrap_or("unknown\"").trim_end_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions_come_from_the_lock_file() {
        assert_eq!(super::locked_version("bench-runner"), "0.1.0");
    }
}
