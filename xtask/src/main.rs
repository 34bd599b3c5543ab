//! `cargo ready`: what every change must pass, the quickest first.
//!
//! It depends on nothing, so it runs also when the workspace does not compile.

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};

/// Commands of cargo and aliases of `.cargo/config.toml`.
const STEPS: [&[&str]; 5] = [&["fmt", "--all", "--check"], &["lint"], &["docs"], &["unit"], &["integration"]];

fn main() -> io::Result<ExitCode> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for step in STEPS {
        announce(&format!("cargo {}", step.join(" ")))?;
        if !Command::new(&cargo).args(step).status()?.success() {
            announce(&format!("not ready: cargo {} failed", step.join(" ")))?;
            return Ok(ExitCode::FAILURE);
        }
    }
    announce("ready")?;
    Ok(ExitCode::SUCCESS)
}

fn announce(text: &str) -> io::Result<()> {
    writeln!(io::stderr(), "\n==> {text}")
}
