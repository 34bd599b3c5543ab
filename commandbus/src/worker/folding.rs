//! Adds up the batch counts that settlements leave behind: those of handlers that write in a transaction, and those that
//! found somebody else counting.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;

use super::engine::Engine;

/// How often a worker looks for counts that others left: a worker may have died between its commit and its fold.
const SWEEP: Duration = Duration::from_secs(5);

/// Folds in quick succession would cost more commits than they save; what comes within it is folded together.
const PAUSE: Duration = Duration::from_millis(20);

/// Folds when asked to and now and then, never two at once, and at the end what is still to be folded.
pub(super) async fn run(engine: Arc<Engine>) {
    let mut stopped = false;
    while !stopped {
        tokio::select! {
            () = engine.unfolded.notified() => {}
            () = engine.store().sleep(SWEEP.mul_f64(rand::random_range(0.8..1.2))) => {}
            () = engine.stopped.cancelled() => {
                stopped = true;
                if engine.unfolded.notified().now_or_never().is_none() {
                    return;
                }
            }
        }
        // A failure is noted by `call`; the next sweep tries again.
        let _ = engine.call("fold", engine.store().fold_batches(&engine.domain)).await;
        tokio::time::sleep(PAUSE).await;
    }
}
