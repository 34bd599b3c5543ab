//! Runs the program of a system.

use std::{process::Stdio, time::Duration};

use protocol::Answer;
use tokio::process::{Child, Command};

use crate::{Error, process, server::Database, system::System};

/// How long a program may take; beyond it, it hangs.
const LIMIT: Duration = Duration::from_secs(1800);
/// How often the memory of a program is looked at.
const EVERY: Duration = Duration::from_millis(50);

/// Runs it with a task and returns its answer.
pub async fn run(system: &System, database: &Database, task: &[&str]) -> Result<Answer, Error> {
    let child = spawn(system, database, task)?;
    answer(system, child, task).await
}

/// The same, with the resident memory of the program over time, in kB.
pub async fn run_watched(system: &System, database: &Database, task: &[&str]) -> Result<(Answer, Vec<u64>), Error> {
    let child = spawn(system, database, task)?;
    let id = child.id().ok_or("the program ended at once")?;
    let watch = tokio::spawn(async move {
        let mut memory = Vec::new();
        while let Some(kb) = process::resident_kb(id) {
            memory.push(kb);
            tokio::time::sleep(EVERY).await;
        }
        memory
    });
    let answer = answer(system, child, task).await?;
    Ok((answer, watch.await?))
}

fn spawn(system: &System, database: &Database, task: &[&str]) -> Result<Child, Error> {
    command(system, database, task).stdin(Stdio::null()).spawn().map_err(|error| told(system, task, &error.to_string()))
}

/// The command, with its output for us and its errors for the person who looks on.
pub fn command(system: &System, database: &Database, task: &[&str]) -> Command {
    let mut command = Command::new(&system.command[0]);
    command.args(&system.command[1..]).args(["--database-url", &database.url]).args(task);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    command
}

async fn answer(system: &System, child: Child, task: &[&str]) -> Result<Answer, Error> {
    let output = tokio::time::timeout(LIMIT, child.wait_with_output())
        .await
        .map_err(|_| told(system, task, "it did not end"))??;
    if !output.status.success() {
        return Err(told(system, task, &output.status.to_string()));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().last().ok_or_else(|| told(system, task, "it said nothing"))?;
    serde_json::from_str(line).map_err(|error| told(system, task, &format!("{error}: {line}")))
}

fn told(system: &System, task: &[&str], what: &str) -> Error {
    format!("{} {}: {what}", system.profile.name, task.join(" ")).into()
}
