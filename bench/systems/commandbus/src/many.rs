//! Sending in the ways that only we have.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use commandbus::prelude::*;
use protocol::{Answer, Error, Payload, send_one};

use crate::{answer, arguments::OurTask, jobs::Job, system::Ours};

/// Without a batch around them.
pub async fn send_many(ours: &Ours, jobs: usize, bytes: usize) -> Result<Answer, Error> {
    let start = Instant::now();
    ours.bus.send_many((0..jobs).map(|_| Job::new(None, Payload::of(bytes)))).await?;
    Ok(answer(&OurTask::SendMany { jobs }, jobs, start.elapsed().as_secs_f64()))
}

/// Those of one group lie as far apart as they can.
pub async fn send_groups(ours: &Ours, jobs: usize, groups: usize) -> Result<Answer, Error> {
    let start = Instant::now();
    ours.bus.send_many((0..jobs).map(|n| Job::new(Some(n % groups), Payload::of(0)))).await?;
    Ok(answer(&OurTask::SendGroups { jobs, groups }, jobs, start.elapsed().as_secs_f64()))
}

/// Each in a transaction of the caller's: three round trips.
pub async fn send_within(ours: Ours, callers: usize, seconds: f64) -> Result<Answer, Error> {
    let ours = Arc::new(ours);
    let send = move || {
        let ours = Arc::clone(&ours);
        async move {
            let mut transaction = ours.pool.begin().await?;
            Job::new(None, Payload::of(0)).send(&ours.bus).within(&mut transaction).await?;
            Ok(transaction.commit().await?)
        }
    };
    let (sent, measured) = send_one(callers, Duration::from_secs_f64(seconds), send).await?;
    Ok(answer(&OurTask::SendWithin { callers, seconds }, sent, measured))
}
