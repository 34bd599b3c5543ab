//! From send to handler.

use std::{sync::Arc, time::Duration};

use crate::{Answer, Error, Meter, Payload, System, drive::answer};

/// How long a worker has for its first look before anything is sent, so that this one does not find the first job.
const SETTLING: Duration = Duration::from_millis(500);

/// Sends at an even rate into an idle worker.
pub(crate) async fn measure<S: System>(system: S, rate: u32, seconds: f64, bytes: usize) -> Result<Answer, Error> {
    let jobs = (f64::from(rate) * seconds) as usize;
    let (system, meter) = (Arc::new(system), Meter::of_latencies(jobs));
    let worker = tokio::spawn({
        let (system, meter) = (Arc::clone(&system), meter.clone());
        async move { system.work(meter).await }
    });
    tokio::time::sleep(SETTLING).await;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    for _ in 0..jobs {
        ticks.tick().await;
        system.send(Payload { sent: meter.now(), ..Payload::of(bytes) }).await?;
    }
    worker.await??;
    let mut answer = answer::<S>("latency", jobs, meter.seconds());
    answer.latencies = meter.latencies();
    Ok(answer)
}
