//! The oldest that is promised: of what the packages depend on, and of Rust.

use std::{
    env, fs,
    io::{self, Error},
    path::Path,
    process::Command,
};

use super::{PUBLISHED, announce, root, run};

/// Checks the published packages with the lowest version of everything that they name, in a copy of the repository: its lock
/// file stays. Their tests are left out, and with them what only tests need.
pub(crate) fn minimal() -> io::Result<bool> {
    let copy = root().join("target/minimal-versions");
    if copy.exists() {
        // What was compiled stays.
        for entry in fs::read_dir(&copy)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name != "target") {
                if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
            }
        }
    }
    for package in PUBLISHED {
        copy_folder(&root().join(package), &copy.join(package))?;
        let manifest = copy.join(package).join("Cargo.toml");
        fs::write(&manifest, without_dev_dependencies(&fs::read_to_string(&manifest)?))?;
    }
    fs::write(copy.join("Cargo.toml"), with_members(&fs::read_to_string(root().join("Cargo.toml"))?, &PUBLISHED))?;

    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).arg("--manifest-path").arg(copy.join("Cargo.toml"));
        command
    };
    // A flag of nightly cargo; for this call alone, since build scripts look at the variable, too.
    Ok(run(cargo(&["update", "-Zdirect-minimal-versions"]).env("RUSTC_BOOTSTRAP", "1"))?
        && run(&mut cargo(&["check", "--workspace", "--all-features"]))?)
}

/// Checks the published packages with the oldest Rust that they say they need.
pub(crate) fn oldest_rust() -> io::Result<bool> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let version = version.ok_or_else(|| Error::other("Cargo.toml says no `rust-version`"))?;
    // Its first patch release: that is what the promise says.
    let version = if version.matches('.').count() == 1 { format!("{version}.0") } else { version.to_owned() };
    if !run(Command::new("rustup").args(["toolchain", "install", &version, "--profile", "minimal"]))? {
        return Ok(false);
    }
    let mut command = Command::new("rustup");
    command.args(["run", &version, "cargo", "check", "--all-features", "--target-dir", "target/msrv"]);
    command.args(PUBLISHED.iter().flat_map(|package| ["--package", package]));
    // Else it would be the one that runs this.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    let done = run(&mut command)?;
    if !done {
        announce(&format!("Rust {version} is what Cargo.toml promises"))?;
    }
    Ok(done)
}

/// Links are followed: the packages have the licences and the migrations of the repository.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if !path.is_dir() {
            fs::copy(&path, to.join(name))?;
        } else if name != "node_modules" {
            copy_folder(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn without_dev_dependencies(manifest: &str) -> String {
    let mut is_dev = false;
    let kept = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            is_dev = line.starts_with("[dev-dependencies");
        }
        !is_dev
    });
    kept.collect::<Vec<_>>().join("\n")
}

fn with_members(manifest: &str, members: &[&str]) -> String {
    let lines = manifest
        .lines()
        .map(|line| if line.starts_with("members = ") { format!("members = {members:?}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}
