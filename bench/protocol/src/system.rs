//! What each system says about itself.

use std::future::Future;

use crate::{Error, Meter, Payload};

/// A system under measurement, connected to a database of its own.
pub trait System: Sized + Send + Sync + 'static {
    /// Its name in the figures.
    const NAME: &'static str;

    /// Whether [`work`](Self::work) returns when everything that was handled is settled, and soon. Then that is when a
    /// drain ends, else the start of the last handler, which is to the advantage of the system.
    const ENDS_SETTLED: bool = false;

    /// The version that is measured.
    fn version() -> String;

    /// How it was set, and after whose advice.
    fn settings() -> &'static str;

    /// Connects, with connections that are open already.
    fn connect(url: &str) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Makes the tables and queues.
    fn prepare(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends one job, durable when this returns.
    fn send(&self, payload: Payload) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends so many jobs of so many bytes in the largest unit that the system has; [`chunks`](crate::chunks) makes them.
    fn send_batch(&self, jobs: usize, bytes: usize) -> impl Future<Output = Result<(), Error>> + Send;

    /// Builds a worker, starts the clock of the meter and runs it until the meter is finished.
    fn work(&self, meter: Meter) -> impl Future<Output = Result<(), Error>> + Send;
}
