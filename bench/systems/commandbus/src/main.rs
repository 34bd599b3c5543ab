//! commandbus: a row for each command with its exact state, three entries in the audit trail, batches that are counted, and
//! commands kept for good.

mod arguments;
mod domains;
mod jobs;
mod many;
mod process;
mod system;
mod transactional;
mod work;

use clap::Parser;
use protocol::{Answer, Arguments, Error, Meter, System};

use self::{
    arguments::{OurArguments, OurTask},
    system::Ours,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments = OurArguments::parse();
    if let Some(answer) = run(&arguments).await? {
        protocol::print(&answer);
    }
    Ok(())
}

/// Does the task; a worker that is told what to do speaks for itself.
async fn run(arguments: &OurArguments) -> Result<Option<Answer>, Error> {
    let (url, bytes) = (&arguments.database_url, arguments.payload_bytes);
    let answer = match arguments.task.clone() {
        OurTask::Common(task) => {
            let arguments = Arguments { database_url: url.clone(), payload_bytes: bytes, task };
            return Ok(Some(protocol::run::<Ours>(&arguments).await?));
        }
        OurTask::Work { transactional, concurrency } => {
            work::until_told(&Ours::connect(url).await?, transactional, concurrency).await?;
            return Ok(None);
        }
        OurTask::Wait { jobs, millis, concurrency } => {
            let ours = Ours::connect(url).await?.at_once(concurrency);
            let meter = Meter::of_waiting(jobs, std::time::Duration::from_millis(millis));
            return Ok(Some(protocol::drain(&ours, meter, jobs).await?));
        }
        OurTask::SendMany { jobs } => many::send_many(&Ours::connect(url).await?, jobs, bytes).await?,
        OurTask::SendGroups { jobs, groups } => many::send_groups(&Ours::connect(url).await?, jobs, groups).await?,
        OurTask::SendWithin { callers, seconds } => {
            many::send_within(Ours::connect(url).await?, callers, seconds).await?
        }
        OurTask::SendTransactional { jobs, batch } => {
            transactional::send(&Ours::connect(url).await?, jobs, batch).await?
        }
        OurTask::DrainTransactional { jobs, concurrency } => {
            transactional::drain(&Ours::connect(url).await?, jobs, concurrency).await?
        }
        OurTask::Steps { processes } => process::steps(&Ours::connect(url).await?, processes).await?,
        OurTask::Prune { older_than_s, share } => {
            let age = std::time::Duration::from_secs(older_than_s);
            let (start, bus) = (std::time::Instant::now(), Ours::connect(url).await?.bus);
            let gone = bus.prune(age).share_of_time(share).run().await?;
            let commands = usize::try_from(gone.commands)?;
            answer(&arguments.task, commands, start.elapsed().as_secs_f64())
        }
        OurTask::SendDomains { jobs, domains } => domains::send(&Ours::connect(url).await?, jobs, domains).await?,
        OurTask::DrainDomains { jobs, domains } => domains::drain(&Ours::connect(url).await?, jobs, domains).await?,
    };
    Ok(Some(answer))
}

/// An answer of ours to a task that only we have.
fn answer(task: &OurTask, jobs: usize, seconds: f64) -> Answer {
    Answer {
        system: Ours::NAME.to_owned(),
        version: Ours::version(),
        settings: Ours::settings().to_owned(),
        task: format!("{task:?}"),
        jobs,
        seconds,
        rate: protocol::rate(jobs, seconds),
        ..Answer::default()
    }
}
