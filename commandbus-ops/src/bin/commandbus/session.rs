//! What every task needs: the database, the operator, and how to answer.

use std::{
    fmt::Display,
    io::{IsTerminal, Write},
    time::Duration,
};

use commandbus::{bus::Bus, message::Domain};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::{
    failure::Failure,
    output::{Table, plain, plain_json},
};

pub(crate) struct Session {
    database: Option<String>,
    transaction_pooler: bool,
    listen_url: Option<String>,
    operator: Option<String>,
    pub(crate) json: bool,
}

impl Session {
    pub(crate) fn new(database: Option<String>, operator: Option<String>, json: bool) -> Self {
        Self { database, transaction_pooler: false, listen_url: None, operator, json }
    }

    /// Says how the database is reached where a pooler stands before it.
    pub(crate) fn through(self, transaction_pooler: bool, listen_url: Option<String>) -> Self {
        Self { transaction_pooler, listen_url: listen_url.filter(|url| !url.is_empty()), ..self }
    }

    pub(crate) async fn bus(&self) -> Result<Bus, Failure> {
        let url = self.database.as_deref().filter(|url| !url.is_empty()).ok_or_else(|| {
            Failure::Usage(
                "which database? Give `--database postgres://user@host/name`, or set DATABASE_URL".to_owned(),
            )
        })?;
        let mut builder = Bus::builder(url);
        if self.transaction_pooler {
            builder = builder.transaction_pooler();
        }
        if let Some(url) = &self.listen_url {
            builder = builder.listen_url(url);
        }
        Ok(builder.connect().await?)
    }

    /// In whose name verbs are recorded.
    pub(crate) fn operator(&self) -> Result<String, Failure> {
        if let Some(name) = self.operator.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            return Ok(name.to_owned());
        }
        whoami::username().map_err(|_| {
            Failure::Usage("the system does not say who you are: give `--operator` with your name".to_owned())
        })
    }

    /// Answers with a value as JSON, or with a table.
    pub(crate) fn answer(&self, value: &impl Serialize, table: impl FnOnce() -> Table) {
        if self.json { self.tell_json(value) } else { print(&table()) }
    }

    /// Answers with a value as JSON, or with a sentence.
    pub(crate) fn say(&self, value: &impl Serialize, sentence: impl Display) {
        if self.json { self.tell_json(value) } else { print(&sentence) }
    }

    pub(crate) fn tell_json(&self, value: &impl Serialize) {
        print_json(serde_json::to_string_pretty(value));
    }

    /// One line of a stream.
    pub(crate) fn tell_line(&self, value: &impl Serialize) {
        print_json(serde_json::to_string(value));
    }

    /// A bar on the terminal; none with `--json`, and none where nobody looks.
    pub(crate) fn bar(&self, total: u64, what: &'static str) -> ProgressBar {
        let target = if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total), target).with_style(style).with_message(what);
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }

    /// Asks before something that concerns many.
    pub(crate) fn confirm(&self, question: &str, yes: bool) -> Result<(), Failure> {
        if yes {
            return Ok(());
        }
        if self.json || !std::io::stdin().is_terminal() {
            return Err(Failure::Usage(format!("{question} Nobody is there to answer: add `--yes`")));
        }
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .map_err(|source| Failure::File { what: "reading the answer".to_owned(), source })?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            Ok(())
        } else {
            Err(Failure::Refused("nothing was done".to_owned()))
        }
    }
}

/// Reads the name of a domain, if one is given.
pub(crate) fn some_domain(name: Option<&str>) -> Result<Option<Domain>, Failure> {
    Ok(name.map(|name| Domain::new(name.to_owned())).transpose()?)
}

fn print_json(text: serde_json::Result<String>) {
    let text = text.unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    let _ = writeln!(std::io::stdout(), "{}", plain_json(&text));
}

/// Prints, also into a pipe that nobody reads to its end.
fn print(text: &impl Display) {
    let _ = writeln!(std::io::stdout(), "{}", plain(&text.to_string()));
}
