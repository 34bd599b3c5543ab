//! Waiting: on conditions, never for a time to pass.

use std::{future::IntoFuture, sync::mpsc, time::Duration};

use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

/// Longer than anything takes that works, also on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// Returns when the condition holds; fails when it does not before the deadline.
pub(crate) async fn until(condition: impl AsyncFn() -> bool) {
    soon(async {
        while !condition().await {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// What comes before the deadline.
pub(crate) async fn soon<T>(awaited: impl IntoFuture<Output = T>) -> T {
    timeout(DEADLINE, awaited).await.expect("it never came")
}

/// A stopped clock: no timer of this runtime fires, so nobody polls, and what happens was woken.
pub(crate) struct Stopped {
    at: Instant,
    goes_on: mpsc::Sender<()>,
}

impl Stopped {
    /// Stops the clock of a runtime of one thread.
    pub(crate) fn now() -> Self {
        let (goes_on, wait) = mpsc::channel();
        // A paused clock jumps to the next timer when nothing runs, but not beside a blocking task. At the deadline it
        // does, and `go_on` tells.
        spawn_blocking(move || wait.recv_timeout(DEADLINE));
        tokio::time::pause();
        Self { at: Instant::now(), goes_on }
    }

    /// Lets time pass again; fails if it has passed meanwhile.
    pub(crate) fn go_on(self) {
        assert_eq!(Instant::now(), self.at, "a timer was needed");
        drop(self.goes_on);
        tokio::time::resume();
    }
}
