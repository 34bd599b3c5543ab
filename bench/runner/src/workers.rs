//! Several processes of ours that handle side by side.

use std::{process::Stdio, time::Instant};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    sync::watch,
};

use crate::{Error, bench::Bench, check, program, server::Database};

/// A process that waits for the word.
pub struct Working {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Working {
    /// Returns when it is connected.
    pub async fn start(bench: &Bench, database: &Database, options: &[&str]) -> Result<Self, Error> {
        let task: Vec<&str> = ["work"].iter().chain(options).copied().collect();
        let mut child = program::command(bench.ours(), database, &task).stdin(Stdio::piped()).spawn()?;
        let input = child.stdin.take().ok_or("it has no input")?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("it has no output")?).lines();
        match lines.next_line().await?.as_deref() {
            Some("ready") => Ok(Self { child, input, lines }),
            other => Err(format!("a worker said {other:?} instead of ready").into()),
        }
    }

    pub fn id(&self) -> Result<u32, Error> {
        Ok(self.child.id().ok_or("the worker has ended")?)
    }

    /// Lets it begin.
    pub async fn begin(&mut self) -> Result<(), Error> {
        Ok(self.input.write_all(b"begin\n").await?)
    }

    /// Lets it settle what it has, and waits for its end.
    pub async fn end(self) -> Result<(), Error> {
        let Self { mut child, input, mut lines } = self;
        drop(input);
        while lines.next_line().await?.is_some() {}
        let status = child.wait().await?;
        if status.success() { Ok(()) } else { Err(format!("a worker ended with {status}").into()) }
    }
}

/// Handles what waits with so many processes; how many a second, until the last has settled.
pub async fn drain(bench: &Bench, database: &Database, processes: usize, jobs: usize) -> Result<f64, Error> {
    let mut workers = Vec::new();
    for _ in 0..processes {
        workers.push(Working::start(bench, database, &[]).await?);
    }
    let start = Instant::now();
    for worker in &mut workers {
        worker.begin().await?;
    }
    let (note, handled) = watch::channel(vec![0; processes]);
    let running: Vec<_> = workers
        .into_iter()
        .enumerate()
        .map(|(n, worker)| tokio::spawn(until_all_handled(worker, n, jobs, note.clone(), handled.clone())))
        .collect();
    for worker in running {
        worker.await??;
    }
    let seconds = start.elapsed().as_secs_f64();
    check::done(bench.ours(), database, jobs).await?;
    Ok(jobs as f64 / seconds)
}

/// Notes how far this worker is, and ends it when all together have handled everything.
async fn until_all_handled(
    mut worker: Working,
    n: usize,
    jobs: usize,
    note: watch::Sender<Vec<usize>>,
    mut handled: watch::Receiver<Vec<usize>>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            line = worker.lines.next_line() => match line? {
                Some(line) => {
                    let so_far = line.parse()?;
                    note.send_modify(|handled| handled[n] = so_far);
                }
                None => return Err("a worker ended before its time".into()),
            },
            seen = all_handled(&mut handled, jobs) => {
                seen?;
                break;
            }
        }
    }
    worker.end().await
}

async fn all_handled(handled: &mut watch::Receiver<Vec<usize>>, jobs: usize) -> Result<(), Error> {
    handled.wait_for(|handled| handled.iter().sum::<usize>() >= jobs).await?;
    Ok(())
}
