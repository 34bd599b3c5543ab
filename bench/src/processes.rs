//! Processes of three steps, from their start to the end of the last: how many steps a second. The peer of a step is a
//! command: one is sent, handled, settled and answered, and the answer routed.

use std::time::Instant;

use commandbus::{message::BatchStatus, prelude::*, process::Router};
use tokio_util::sync::CancellationToken;

use crate::{Error, Payload, ours::Ours};

#[command(domain = "bench_work", reply = u64)]
#[derive(Debug, Serialize, Deserialize)]
struct Work {
    payload: Payload,
}

#[handler]
async fn work(cmd: Work) -> u64 {
    cmd.payload.cents.unsigned_abs()
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

impl Ours {
    /// Steps a second, of `count` processes.
    pub async fn process_steps(&self, count: usize) -> Result<f64, Error> {
        self.purge().await?;
        let flows = (0..count).map(|_| Flow { payload: Payload::new(), sum: 0 });
        let batch = Flow::batch("bench").extend(flows).start(&self.bus).await?;
        let worker = Worker::new(&self.bus, "bench_work").concurrency(100).build()?;
        let router = Router::new(&self.bus, "bench_flow")?;
        let stop = CancellationToken::new();
        let start = Instant::now();
        let (stopped, told) = (stop.clone().cancelled_owned(), stop.clone().cancelled_owned());
        let worker = tokio::spawn(worker.run_until(stopped));
        let router = tokio::spawn(router.run_until(told));
        let ended = batch.wait().await?;
        let rate = 3.0 * count as f64 / start.elapsed().as_secs_f64();
        stop.cancel();
        worker.await??;
        router.await?;
        assert_eq!((ended.status, ended.completed_count as usize), (BatchStatus::Completed, count));
        Ok(rate)
    }

    /// How many processes are started a second, in one batch.
    pub async fn start_processes(&self, count: usize) -> Result<f64, Error> {
        self.purge().await?;
        let start = Instant::now();
        let flows = (0..count).map(|_| Flow { payload: Payload::new(), sum: 0 });
        Flow::batch("bench").extend(flows).start(&self.bus).await?;
        Ok(count as f64 / start.elapsed().as_secs_f64())
    }
}
