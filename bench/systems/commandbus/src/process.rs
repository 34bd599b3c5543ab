//! Processes of three steps, from their start to the end of the last. A step is a command that is sent, handled, settled and
//! answered, and its answer routed.

use std::time::Instant;

use commandbus::{message::BatchStatus, prelude::*, process::Router};
use protocol::{Answer, Error, Payload};
use tokio_util::sync::CancellationToken;

use crate::{answer, arguments::OurTask, system::Ours};

#[command(domain = "bench_work", reply = u64)]
#[derive(Debug, Serialize, Deserialize)]
struct Work {
    #[serde(flatten)]
    payload: Payload,
}

#[handler]
async fn work(work: Work) -> u64 {
    work.payload.cents.unsigned_abs()
}

#[derive(Debug, Serialize, Deserialize)]
struct Flow {
    payload: Payload,
    sum: u64,
}

#[process(domain = "bench_flow", steps = [first, second, third])]
impl Flow {
    fn first(&self) -> Work {
        Work { payload: self.payload.clone() }
    }

    #[on(first)]
    fn learn(&mut self, cents: u64) {
        self.sum += cents;
    }

    fn second(&self) -> Work {
        Work { payload: self.payload.clone() }
    }

    #[undo(second)]
    fn take_back(&self) -> Work {
        Work { payload: self.payload.clone() }
    }

    fn third(&self) -> Work {
        Work { payload: self.payload.clone() }
    }
}

/// Runs a batch of them, which was started before the clock, with one worker and one router.
pub async fn steps(ours: &Ours, processes: usize) -> Result<Answer, Error> {
    let flows = (0..processes).map(|_| Flow { payload: Payload::of(0), sum: 0 });
    let batch = Flow::batch("bench").extend(flows).start(&ours.bus).await?;
    let worker = Worker::new(&ours.bus, "bench_work").concurrency(100).build()?;
    let router = Router::new(&ours.bus, "bench_flow")?;
    let stop = CancellationToken::new();
    let start = Instant::now();
    let worker = tokio::spawn(worker.run_until(stop.clone().cancelled_owned()));
    let router = tokio::spawn(router.run_until(stop.clone().cancelled_owned()));
    let ended = batch.wait().await?;
    let seconds = start.elapsed().as_secs_f64();
    stop.cancel();
    worker.await??;
    router.await?;
    if (ended.status, usize::try_from(ended.completed_count)?) != (BatchStatus::Completed, processes) {
        return Err(format!("the batch of processes ended as {ended:?}").into());
    }
    Ok(answer(&OurTask::Steps { processes }, 3 * processes, seconds))
}
