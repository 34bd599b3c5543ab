//! How far ahead of the running handlers a worker receives.
//!
//! A worker that receives only when a handler has ended leaves its handlers idle for one round trip each time; one that
//! receives much more than it can start keeps work from other workers. So it holds what its handlers get through in
//! about [`HORIZON`]: hundreds of commands when each takes microseconds, none when each takes seconds.

use std::time::Duration;

/// How long a received command should wait for a free handler at most, going by the recent past.
const HORIZON: Duration = Duration::from_millis(100);

/// The most that is received ahead, whatever the pace: two receives that run and two groups that are being settled.
pub(super) const MAX_AHEAD: usize = 400;

/// The weight of one call in the moving average.
const WEIGHT: f64 = 1.0 / 16.0;

/// The moving average of the time that a call takes.
#[derive(Debug, Default)]
pub(super) struct Pace {
    mean_seconds: Option<f64>,
}

impl Pace {
    /// Takes note of one call.
    pub(super) fn record(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let mean = self.mean_seconds.get_or_insert(seconds);
        *mean += (seconds - *mean) * WEIGHT;
    }

    /// How many commands to hold beyond those that run. None until a first call has ended.
    pub(super) fn ahead(&self, concurrency: usize) -> usize {
        let Some(mean) = self.mean_seconds else { return 0 };
        let started_within_horizon = concurrency as f64 * HORIZON.as_secs_f64() / mean.max(1e-9);
        (started_within_horizon as usize).min(MAX_AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead(concurrency: usize, calls: &[Duration]) -> usize {
        let mut pace = Pace::default();
        calls.iter().for_each(|call| pace.record(*call));
        pace.ahead(concurrency)
    }

    #[test]
    fn quick_handlers_are_kept_busy_and_slow_ones_do_not_hoard() {
        assert_eq!(ahead(50, &[]), 0, "nothing is known yet");
        assert_eq!(ahead(50, &[Duration::from_micros(20)]), MAX_AHEAD);
        assert_eq!(ahead(50, &[Duration::ZERO]), MAX_AHEAD);
        assert_eq!(ahead(50, &[Duration::from_millis(50)]), 100);
        assert_eq!(ahead(50, &[Duration::from_secs(30)]), 0);
    }

    #[test]
    fn a_change_of_pace_is_followed() {
        let mut calls = vec![Duration::from_micros(20); 100];
        calls.extend([Duration::from_secs(10); 50]);
        assert_eq!(ahead(50, &calls), 0);
        calls.extend([Duration::from_micros(20); 300]);
        assert_eq!(ahead(50, &calls), MAX_AHEAD);
    }
}
