//! The last hour of a domain, drawn on the server.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use maud::{Markup, html};

use super::elements::number;
use crate::view::Minute;

/// How many minutes it shows.
pub(super) const MINUTES: usize = 60;

const HEIGHT: u64 = 32;

/// What completed in each of the last minutes, the oldest first.
fn per_minute(minutes: &[&Minute], now: DateTime<Utc>) -> Vec<u64> {
    let newest = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    let mut counts = vec![0; MINUTES];
    for minute in minutes {
        let back = usize::try_from((newest - minute.minute).num_minutes()).ok();
        if let Some(at) = back.and_then(|back| MINUTES.checked_sub(back + 1)) {
            counts[at] += minute.completed;
        }
    }
    counts
}

/// A bar for each minute; the text says the same for those who do not see it.
pub(super) fn sparkline(minutes: &[&Minute]) -> Markup {
    let counts = per_minute(minutes, Utc::now());
    let (most, sum) = (counts.iter().copied().max().unwrap_or_default(), counts.iter().sum::<u64>());
    let says = format!("{} completed in the last hour, at most {} in a minute", number(sum), number(most));
    html! {
        svg.spark viewBox={ "0 0 " (MINUTES * 4) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(says) {
            title { (says) }
            @for (at, count) in counts.iter().enumerate() {
                // A minute in which anything completed is seen.
                @let height = if *count == 0 { 1 } else { (count * HEIGHT / most.max(1)).max(3) };
                rect class=(if *count == 0 { "none" } else { "some" })
                    x=(at * 4) y=(HEIGHT - height) width="3" height=(height) {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_has_its_place() {
        let now = "2026-11-20T12:30:45Z".parse::<DateTime<Utc>>().unwrap();
        let minute = |at: &str, completed| Minute {
            domain: "payments".into(),
            minute: at.parse().unwrap(),
            sent: 0,
            completed,
            failed: 0,
            canceled: 0,
            parked: 0,
        };
        let minutes = [
            minute("2026-11-20T12:30:00Z", 7),
            minute("2026-11-20T12:29:00Z", 5),
            minute("2026-11-20T11:31:00Z", 1),
            minute("2026-11-20T11:30:00Z", 9),
            minute("2026-11-20T12:31:00Z", 9),
        ];
        let counts = per_minute(&minutes.iter().collect::<Vec<_>>(), now);
        assert_eq!((counts[59], counts[58], counts[0], counts.iter().sum::<u64>()), (7, 5, 1, 13));
    }
}
