//! How long to wait before the next attempt.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

/// The pauses between attempts: entry *n*-1 after attempt *n*, the last one repeating.
///
/// Written as `"10s, 60s, 5m"`: a number and `ms`, `s`, `m`, `h` or `d` each.
#[derive(Clone, PartialEq, Eq)]
pub struct Backoff(Cow<'static, [Duration]>);

impl Backoff {
    /// What is used where nothing is said: 10 s, 60 s, 5 min.
    pub const DEFAULT: Self =
        Self(Cow::Borrowed(&[Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(300)]));

    /// A schedule known at compile time; `None` for an empty one.
    pub const fn from_static(schedule: &'static [Duration]) -> Option<Self> {
        if schedule.is_empty() { None } else { Some(Self(Cow::Borrowed(schedule))) }
    }

    /// The pause after attempt `attempt` (from 1), before jitter.
    pub fn after(&self, attempt: u32) -> Duration {
        let entry = (attempt.max(1) as usize - 1).min(self.0.len() - 1);
        self.0[entry]
    }

    /// The schedule itself.
    pub fn schedule(&self) -> &[Duration] {
        &self.0
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter()).finish()
    }
}

impl FromStr for Backoff {
    type Err = InvalidBackoff;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(|entry| parse_duration(entry.trim()))
            .collect::<Result<_, _>>()
            .map(|list| Self(Cow::Owned(list)))
    }
}

/// Reads one duration: a whole number and `ms`, `s`, `m`, `h` or `d`.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidBackoff> {
    let invalid = || InvalidBackoff { text: text.to_owned() };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| invalid())?;
    let milliseconds: u64 = match text[digits..].trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(invalid()),
    };
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(invalid)
}

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration: write a whole number and a unit, one of ms, s, m, h, d, as in `10s` or `5m`")]
pub struct InvalidBackoff {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_entry_repeats() {
        let backoff: Backoff = "10s, 60s,5m".parse().unwrap();
        let waits: Vec<u64> = (1..=5).map(|attempt| backoff.after(attempt).as_secs()).collect();
        assert_eq!(waits, [10, 60, 300, 300, 300]);
        assert_eq!(backoff, Backoff::DEFAULT);
    }

    #[test]
    fn nonsense_is_refused_with_the_remedy() {
        for text in
            ["", "10", "s", "10 parsecs", "-1s", "1.5s", "10s,,5m", "99999999999999999999d", "9999999999999999d"]
        {
            let error = text.parse::<Backoff>().unwrap_err();
            assert!(error.to_string().contains("as in `10s`"), "{text}: {error}");
        }
    }
}
