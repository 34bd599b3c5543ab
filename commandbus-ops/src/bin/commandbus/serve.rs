//! The HTTP API as a server of its own.

use std::{fs, path::Path, process::ExitCode};

use commandbus_ops::{Anybody, Options, Passwords, Rights, Tokens, check_exposure, serve as serve_api};
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::{arguments::Serve, failure::Failure, session::Session};

pub(crate) async fn serve(session: &Session, task: Serve) -> Result<ExitCode, Failure> {
    #[cfg(feature = "demo")]
    if task.demo {
        // Handlers of the demo fail because they are to.
        log("error,commandbus::worker=off");
        crate::demo::run(session, session.operator()?, task.listen).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut options = match (&task.tokens, &task.passwords) {
        (Some(file), _) => Options::new(
            read(file)?
                .into_iter()
                .fold(Tokens::new(), |tokens, (name, rights, secret)| tokens.with(name, &secret, rights)),
        ),
        (None, Some(file)) => Options::new(
            read(file)?
                .into_iter()
                .fold(Passwords::new(), |passwords, (name, rights, secret)| passwords.with(name, &secret, rights)),
        ),
        (None, None) => Options::new(Anybody::named(session.operator()?, Rights::ALL)),
    };
    if task.allow_writes {
        options = options.writable();
    }
    if task.public_metrics {
        options = options.public_metrics();
    }
    // Before the database is asked: a mistake here is to be seen first.
    check_exposure(task.listen, &options)?;
    let bus = session.bus().await?;
    log("info");
    let listening = |address: std::net::SocketAddr| {
        session.say(
            &json!({ "listening": address.to_string() }),
            format_args!("Listening on http://{address}; the API is described at /api/openapi.json. Ctrl-C ends it."),
        );
    };
    serve_api(bus, task.listen, options, listening, stopped()).await?;
    Ok(ExitCode::SUCCESS)
}

fn log(unless_told: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(unless_told));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Told to stop by a person, or by whoever manages services.
pub(crate) async fn stopped() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = tokio::signal::ctrl_c() => return,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Who may come in: `name rights secret` on each line; empty lines and those that begin with `#` say nothing.
fn read(file: &Path) -> Result<Vec<(String, Rights, String)>, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|source| Failure::File { what: format!("reading {}", file.display()), source })?;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // The line is not shown: it holds a secret.
        let wrong = |why: &str| Failure::Usage(format!("line {} of {}: {why}", number + 1, file.display()));
        let mut words = line.split_whitespace();
        let (Some(name), Some(rights), Some(secret), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(wrong("write a name, rights and a secret, separated by spaces, as `olivia view,operate k3y`"));
        };
        if secret.len() < 16 {
            return Err(wrong("the secret has fewer than 16 characters: `openssl rand -hex 24` makes a good one"));
        }
        let rights = Rights::parse(rights).map_err(|why| wrong(&why))?;
        found.push((name.to_owned(), rights, secret.to_owned()));
    }
    if found.is_empty() {
        return Err(Failure::Usage(format!("{} names nobody, so nobody could come in", file.display())));
    }
    Ok(found)
}
