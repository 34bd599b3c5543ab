//! Moments and durations for people.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use maud::{Markup, html};

/// A moment: how long ago it was, and on pointing at it when that was.
pub(super) fn ago(at: DateTime<Utc>) -> Markup {
    let passed = Utc::now() - at;
    let text = if passed < TimeDelta::zero() {
        format!("in {}", span(-passed))
    } else if passed < TimeDelta::seconds(1) {
        "just now".to_owned()
    } else {
        format!("{} ago", span(passed))
    };
    html! { time datetime=(machine(at)) title=(exact(at)) { (text) } }
}

/// A moment, and a dash where there is none.
pub(super) fn some_ago(at: Option<DateTime<Utc>>) -> Markup {
    html! { @if let Some(at) = at { (ago(at)) } @else { span.muted { "–" } } }
}

/// A moment as the clock shows it, and how long ago that was.
pub(super) fn moment(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(machine(at)) { (exact(at)) } " " span.muted { "(" (ago(at)) ")" } }
}

/// How old something is.
pub(super) fn age(since: DateTime<Utc>) -> String {
    span((Utc::now() - since).max(TimeDelta::zero()))
}

/// The greatest unit, and for days and hours the one below.
pub(super) fn span(time: TimeDelta) -> String {
    let (days, hours, minutes, seconds) = (time.num_days(), time.num_hours(), time.num_minutes(), time.num_seconds());
    let two = |whole: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 || whole > 9 { format!("{whole} {unit}") } else { format!("{whole} {unit} {rest} {small}") }
    };
    match () {
        () if days > 0 => two(days, "d", hours % 24, "h"),
        () if hours > 0 => two(hours, "h", minutes % 60, "min"),
        () if minutes > 0 => two(minutes, "min", seconds % 60, "s"),
        () if seconds > 0 => format!("{seconds} s"),
        () => format!("{} ms", time.num_milliseconds()),
    }
}

/// Seconds as people say them.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        short if short < 0.001 => "< 1 ms".to_owned(),
        short if short < 1.0 => format!("{:.0} ms", short * 1_000.0),
        some if some < 10.0 => format!("{some:.1} s"),
        long => span(TimeDelta::milliseconds((long * 1_000.0) as i64)),
    }
}

fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn exact(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_long_as_they_need_to_be() {
        for (length, text) in [
            (TimeDelta::milliseconds(12), "12 ms"),
            (TimeDelta::seconds(59), "59 s"),
            (TimeDelta::seconds(60), "1 min"),
            (TimeDelta::seconds(125), "2 min 5 s"),
            (TimeDelta::minutes(61), "1 h 1 min"),
            (TimeDelta::hours(50), "2 d 2 h"),
            (TimeDelta::days(40), "40 d"),
        ] {
            assert_eq!(span(length), text);
        }
        assert_eq!((seconds(0.0), seconds(0.25), seconds(2.04)), ("< 1 ms".into(), "250 ms".into(), "2.0 s".into()));
        assert_eq!(seconds(90.0), "1 min 30 s");
    }
}
