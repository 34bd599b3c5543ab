//! The command line, run as a program.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::house::House;

mod demo;
mod hostile;
mod roles;
mod schema;
mod sending;
mod serving;
mod tls;
mod troubleshooting;

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().expect("nobody kills it"),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// What it printed, after it succeeded.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The program, with no surroundings but these.
pub(crate) fn program(url: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commandbus"));
    command.env_remove("DATABASE_URL").env("COMMANDBUS_OPERATOR", "olivia").stdin(Stdio::null());
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    command
}

pub(crate) async fn run_on(url: Option<&str>, arguments: &[&str]) -> Run {
    let mut command = program(url);
    command.args(arguments);
    // The pools of the test go on meanwhile.
    tokio::task::spawn_blocking(move || Run::of(&command.output().unwrap())).await.unwrap()
}

impl House {
    pub(crate) async fn cli(&self, arguments: &[&str]) -> Run {
        run_on(Some(self.database.url()), arguments).await
    }

    /// What it answers in JSON, after it succeeded.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Value {
        let run = self.cli(&[arguments, &["--json"]].concat()).await;
        assert_eq!(run.code, 0, "{run:?}");
        run.json()
    }

    /// With this on its standard input.
    pub(crate) async fn cli_reading(&self, arguments: &[&str], input: &'static str) -> Run {
        let mut command = program(Some(self.database.url()));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ended = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        });
        Run::of(&ended.await.unwrap())
    }
}
