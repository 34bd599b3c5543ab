//! Systems from other registries: installed at first use into a folder that is not committed, and skipped, with the reason
//! said, where their runtime or the registry is missing.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::Error;

/// `node index.mjs`, with what `package-lock.json` says beside it.
pub async fn node(name: &str) -> Result<Vec<PathBuf>, Error> {
    let folder = folder(name)?;
    if !folder.join("node_modules/.package-lock.json").is_file() {
        succeed(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder)).await?;
    }
    succeed(Command::new("node").arg("--version")).await?;
    Ok(vec!["node".into(), folder.join("index.mjs")])
}

/// `python main.py` in an environment with what `requirements.txt` says.
pub async fn python(name: &str) -> Result<Vec<PathBuf>, Error> {
    let folder = folder(name)?;
    let (environment, complete) = (folder.join(".venv"), folder.join(".venv/complete"));
    let program = environment.join("bin/python");
    if !complete.is_file() {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment)).await?;
        let mut install = Command::new(&program);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        succeed(install.arg(folder.join("requirements.txt"))).await?;
        std::fs::write(complete, "")?;
    }
    Ok(vec![program, folder.join("main.py")])
}

/// Where the program of a system lies.
fn folder(name: &str) -> Result<PathBuf, Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systems").join(name);
    Ok(folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?)
}

/// Runs a command; the error has the last line that it said.
async fn succeed(command: &mut Command) -> Result<(), Error> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.output().await.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} failed: {}", said.trim().lines().last().unwrap_or("it said nothing")).into())
}
