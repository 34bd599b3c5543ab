//! What the repository asks of a change, `cargo ready`, and of a release: `cargo packages`, `cargo features`,
//! `cargo minimal-versions`, `cargo msrv`.
//!
//! It depends on nothing, so it runs also when the workspace does not compile.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
    path::Path,
    process::{Command, ExitCode},
};

mod packages;
mod versions;

/// What goes to the registry, in the order in which it has to.
const PUBLISHED: [&str; 3] = ["commandbus-macros", "commandbus", "commandbus-ops"];

/// What every change must pass, the quickest first: commands of cargo and aliases of `.cargo/config.toml`.
const READY: [&[&str]; 5] = [&["fmt", "--all", "--check"], &["lint"], &["docs"], &["unit"], &["integration"]];

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] => ready()?,
        ["packages"] => packages::build()?,
        ["features"] => packages::each_feature()?,
        ["minimal-versions"] => versions::minimal()?,
        ["msrv"] => versions::oldest_rust()?,
        other => {
            announce(&format!("there is no task `{}`: see CONTRIBUTING.md", other.join(" ")))?;
            false
        }
    };
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ready() -> io::Result<bool> {
    for step in READY {
        if !cargo(step)? {
            return Ok(false);
        }
    }
    announce("ready")?;
    Ok(true)
}

/// Runs cargo; whether it succeeded.
fn cargo(arguments: &[&str]) -> io::Result<bool> {
    run(Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).args(arguments))
}

/// Runs a command in the root of the repository, and says which; whether it succeeded.
fn run(command: &mut Command) -> io::Result<bool> {
    // Of cargo's own path only the name says something.
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words: Vec<_> = std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    let words = words.join(" ");
    announce(&words)?;
    if command.current_dir(root()).status()?.success() {
        return Ok(true);
    }
    announce(&format!("{words} failed"))?;
    Ok(false)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn announce(text: &str) -> io::Result<()> {
    writeln!(io::stderr(), "\n==> {text}")
}
