//! Gives a system its tasks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;

use crate::{Answer, Arguments, Error, Meter, Payload, System, Task, latency, rate};

/// Does the task.
pub async fn run<S: System>(arguments: &Arguments) -> Result<Answer, Error> {
    let system = S::connect(&arguments.database_url).await?;
    let bytes = arguments.payload_bytes;
    match arguments.task {
        Task::Prepare => {
            system.prepare().await?;
            Ok(answer::<S>("prepare", 0, 0.0))
        }
        Task::SendOne { callers, seconds } => {
            let system = Arc::new(system);
            let send = move || {
                let system = Arc::clone(&system);
                async move { system.send(Payload::of(bytes)).await }
            };
            let (sent, seconds) = send_one(callers, Duration::from_secs_f64(seconds), send).await?;
            Ok(answer::<S>("send-one", sent, seconds))
        }
        Task::SendBatch { jobs } => {
            let start = Instant::now();
            system.send_batch(jobs, bytes).await?;
            Ok(answer::<S>("send-batch", jobs, start.elapsed().as_secs_f64()))
        }
        Task::Drain { jobs } => drain(&system, Meter::of(jobs), jobs).await,
        Task::Latency { rate, seconds } => latency::measure(system, rate, seconds, bytes).await,
    }
}

/// Handles what waits.
pub async fn drain<S: System>(system: &S, meter: Meter, jobs: usize) -> Result<Answer, Error> {
    system.work(meter.clone()).await?;
    let settled = meter.seconds_by_now();
    Ok(answer::<S>("drain", jobs, if S::ENDS_SETTLED { settled } else { meter.seconds() }))
}

/// Calls a future from so many callers for so long; how often it was done, and in how many seconds.
pub async fn send_one<F, Fut>(callers: usize, span: Duration, send: F) -> Result<(usize, f64), Error>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    let (sent, send) = (Arc::new(AtomicUsize::new(0)), Arc::new(send));
    let start = Instant::now();
    let callers = (0..callers).map(|_| {
        let (sent, send) = (Arc::clone(&sent), Arc::clone(&send));
        tokio::spawn(async move {
            while start.elapsed() < span {
                send().await?;
                sent.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Error>(())
        })
    });
    try_join_all(callers).await?.into_iter().collect::<Result<(), _>>()?;
    Ok((sent.load(Ordering::Relaxed), start.elapsed().as_secs_f64()))
}

pub(crate) fn answer<S: System>(task: &str, jobs: usize, seconds: f64) -> Answer {
    Answer {
        system: S::NAME.to_owned(),
        version: S::version(),
        settings: S::settings().to_owned(),
        task: task.to_owned(),
        jobs,
        seconds,
        rate: rate(jobs, seconds),
        ..Answer::default()
    }
}
