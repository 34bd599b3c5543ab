//! The command line for those who run commandbus: `commandbus --help`.
#![allow(clippy::print_stderr, reason = "a program that talks to a person")]

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use self::{
    arguments::{Arguments, Task},
    failure::Failure,
    session::Session,
};

mod arguments;
mod batches;
mod commands;
#[cfg(feature = "demo")]
mod demo;
mod failure;
mod operations;
mod output;
mod processes;
mod schema;
mod send;
mod serve;
mod session;
mod system;
mod troubleshooting;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    // For a server it is no interruption, but the end.
    let serves = matches!(arguments.task, Task::Serve(_));
    let outcome = tokio::select! {
        outcome = run(arguments) => outcome,
        _ = tokio::signal::ctrl_c(), if !serves => Err(Failure::Interrupted),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            if json {
                let told = serde_json::json!({ "error": failure.to_string(), "exit_code": failure.code() });
                eprintln!("{}", output::plain_json(&told.to_string()));
            } else {
                eprintln!("error: {}", output::plain(&failure.to_string()));
            }
            ExitCode::from(failure.code())
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { task, database, transaction_pooler, listen_url, operator, json } = arguments;
    let session = Session::new(database, operator, json).through(transaction_pooler, listen_url);
    match task {
        Task::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "commandbus", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Task::Migrate(task) => schema::migrate(&session, task).await,
        Task::Roles(task) => schema::roles(&session, task).await,
        Task::Doctor(task) => schema::doctor(&session, &task).await,
        Task::Prune(task) => schema::prune(&session, &task).await,
        Task::Send(task) => send::send(&session, task).await,
        Task::Commands(task) => commands::run(&session, task).await,
        Task::Tsq(task) => troubleshooting::run(&session, task).await,
        Task::Operations(task) => operations::run(&session, task).await,
        Task::Batches(task) => batches::run(&session, task).await,
        Task::Processes(task) => processes::run(&session, task).await,
        Task::Audit(task) => system::audit(&session, task).await,
        Task::Queues => system::queues(&session).await,
        Task::Workers => system::workers(&session).await,
        Task::Domains(task) => system::domains(&session, task).await,
        Task::Serve(task) => serve::serve(&session, task).await,
    }
}
