//! A clock that follows real time, and that tests turn forward.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::watch, time::Instant};

/// The clock of a [`MemoryStore`](super::MemoryStore). Clones are handles of the same clock.
#[derive(Debug, Clone)]
pub struct Clock {
    origin: DateTime<Utc>,
    // Of tokio, so that a runtime whose time is paused drives this clock too.
    started: Instant,
    offset: Arc<watch::Sender<Duration>>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { origin: Utc::now(), started: Instant::now(), offset: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }

    /// The time by this clock.
    pub fn now(&self) -> DateTime<Utc> {
        later(self.origin, self.elapsed())
    }

    /// Turns the clock forward, and wakes who slept until then.
    pub fn advance(&self, duration: Duration) {
        self.offset.send_modify(|offset| *offset += duration);
    }

    pub(super) async fn sleep(&self, duration: Duration) {
        let mut turned = self.offset.subscribe();
        let end = self.elapsed().saturating_add(duration);
        while let Some(left) = end.checked_sub(self.elapsed()).filter(|left| !left.is_zero()) {
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = turned.changed() => {}
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed() + *self.offset.borrow()
    }
}

/// `duration` after `time`, or the end of time.
pub(super) fn later(time: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(duration)
        .ok()
        .and_then(|delta| time.checked_add_signed(delta))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn it_follows_real_time_and_what_is_added() {
        let clock = Clock::new();
        let before = clock.now();
        tokio::time::advance(HOUR).await;
        clock.advance(HOUR);
        assert_eq!(clock.now() - before, TimeDelta::hours(2));
    }

    #[tokio::test]
    async fn turning_it_wakes_who_slept_until_then() {
        let clock = Clock::new();
        let sleeper = clock.clone();
        let slept = tokio::spawn(async move { sleeper.sleep(HOUR).await });
        tokio::task::yield_now().await;
        clock.advance(HOUR / 2);
        tokio::task::yield_now().await;
        assert!(!slept.is_finished());
        clock.advance(HOUR / 2);
        slept.await.unwrap();
    }

    #[test]
    fn there_is_an_end_of_time() {
        assert_eq!(later(Utc::now(), Duration::MAX), DateTime::<Utc>::MAX_UTC);
    }
}
