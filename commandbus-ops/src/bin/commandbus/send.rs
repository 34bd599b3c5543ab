//! Sending by name.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    process::ExitCode,
};

use commandbus::{
    bus::{Bus, Sending, UntypedCommand},
    message::{CommandId, Domain},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{arguments::Send, failure::Failure, session::Session};

/// How many commands are on their way at once; those share transactions.
const AT_ONCE: usize = 1_000;

/// A line of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    domain: Option<String>,
    command_type: Option<String>,
    data: Value,
    command_id: Option<CommandId>,
    correlation_id: Option<uuid::Uuid>,
    group: Option<String>,
    version: Option<u32>,
    max_attempts: Option<u32>,
    reply_to: Option<String>,
}

pub(crate) async fn send(session: &Session, task: Send) -> Result<ExitCode, Failure> {
    if let Some(data) = &task.data {
        let data =
            serde_json::from_str(data).map_err(|error| Failure::Usage(format!("--data is not JSON: {error}")))?;
        let line = Line {
            domain: None,
            command_type: None,
            data,
            command_id: None,
            correlation_id: None,
            group: None,
            version: None,
            max_attempts: None,
            reply_to: None,
        };
        let bus = session.bus().await?;
        let sent = prepared(&bus, line, &task)?.await?;
        session.say(
            &json!({ "sent": 1, "domain": sent.domain(), "command_id": sent.id() }),
            format_args!("{} was sent to {}.", sent.id(), sent.domain()),
        );
        return Ok(ExitCode::SUCCESS);
    }

    let lines = read(&task)?;
    let bus = session.bus().await?;
    let bar = session.bar(lines.len() as u64, "sending");
    let total = lines.len();
    let sending = lines.into_iter().map(|line| prepared(&bus, line, &task)).collect::<Result<Vec<_>, _>>()?;
    let mut sent = stream::iter(sending).map(async |sending| sending.await.map_err(Failure::from)).buffered(AT_ONCE);
    let mut count = 0_usize;
    loop {
        match sent.try_next().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => break,
            Err(failure) => {
                bar.abandon();
                eprintln!("{count} of {total} commands were sent for certain; line {} was not:", count + 1);
                return Err(failure);
            }
        }
        bar.set_position(count as u64);
    }
    bar.finish_and_clear();
    session.say(&json!({ "sent": count }), format_args!("{count} commands were sent."));
    Ok(ExitCode::SUCCESS)
}

/// Every line, read before the first is sent, so that a mistake in the last sends nothing.
fn read(task: &Send) -> Result<Vec<Line>, Failure> {
    let path = task.file.as_deref().ok_or_else(|| Failure::Usage("give --data or --file".to_owned()))?;
    let failed = |source| Failure::File { what: format!("reading {}", path.display()), source };
    let input: Box<dyn Read> =
        if path.as_os_str() == "-" { Box::new(std::io::stdin()) } else { Box::new(File::open(path).map_err(failed)?) };
    let mut lines = Vec::new();
    for (number, line) in BufReader::new(input).lines().enumerate() {
        let line = line.map_err(failed)?;
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::Usage(format!("line {} of {}: {error}. Nothing was sent", number + 1, path.display()))
        };
        let line: Line = serde_json::from_str(&line).map_err(|error| wrong(&error))?;
        if line.domain.is_none() && task.domain.is_none() {
            return Err(wrong(&"it names no `domain`, and --domain is not given"));
        }
        if line.command_type.is_none() && task.command_type.is_none() {
            return Err(wrong(&"it names no `command_type`, and --type is not given"));
        }
        lines.push(line);
    }
    Ok(lines)
}

fn prepared(bus: &Bus, line: Line, task: &Send) -> Result<Sending<UntypedCommand>, Failure> {
    let domain = line.domain.or_else(|| task.domain.clone()).unwrap_or_default();
    let command_type = line.command_type.or_else(|| task.command_type.clone()).unwrap_or_default();
    let mut command = UntypedCommand::new(Domain::new(domain)?, command_type, line.data);
    if let Some(group) = line.group {
        command = command.group(group);
    }
    if let Some(version) = line.version {
        command = command.with_version(version);
    }
    let mut sending = bus.send_untyped(command);
    if let Some(id) = line.command_id {
        sending = sending.id(id);
    }
    if let Some(id) = line.correlation_id {
        sending = sending.correlation(id);
    }
    if let Some(attempts) = line.max_attempts.or(task.max_attempts) {
        sending = sending.max_attempts(attempts);
    }
    if let Some(queue) = line.reply_to.or_else(|| task.reply_to.clone()) {
        sending = sending.reply_to(queue);
    }
    if let Some(delay) = task.delay {
        sending = sending.delay(delay);
    }
    Ok(sending)
}
