//! A worker that is told when to begin and when to end, so that several processes can work side by side.

use std::{io::Write as _, time::Duration};

use commandbus::prelude::*;
use protocol::{Error, Meter};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    sync::watch,
};

use crate::system::Ours;

/// How long it says nothing after it has said how far it is.
const PAUSE: Duration = Duration::from_millis(10);

/// Says `ready`, begins at the first line, says how many it has handled whenever that has changed, and ends with its input.
pub async fn until_told(ours: &Ours, transactional: bool, concurrency: usize) -> Result<(), Error> {
    let meter = Meter::of(usize::MAX);
    let domain = if transactional { "bench_tx" } else { "bench" };
    let worker = Worker::new(&ours.bus, domain).provide(meter.clone()).concurrency(concurrency).build()?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    say("ready")?;
    lines.next_line().await?;
    let (stop, mut stopped) = watch::channel(());
    let working = tokio::spawn(worker.run_until(async move { drop(stopped.changed().await) }));
    loop {
        tokio::select! {
            line = lines.next_line() => if line?.is_none() { break },
            // No timer: an idle worker is measured as well.
            () = meter.progress() => {
                say(&meter.so_far().to_string())?;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(stop);
    // Returns when everything that was handled is settled.
    Ok(working.await??)
}

fn say(line: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
