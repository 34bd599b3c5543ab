//! Tables and times for people.

use std::{borrow::Cow, fmt, time::Duration};

use chrono::{DateTime, Utc};
use comfy_table::{ContentArrangement, presets};

/// Rows under a heading, or a sentence where there are none.
pub(crate) struct Table {
    table: comfy_table::Table,
    if_empty: String,
    below: Vec<String>,
}

impl Table {
    pub(crate) fn new<const N: usize>(heading: [&str; N], if_empty: impl Into<String>) -> Self {
        let mut table = comfy_table::Table::new();
        table.set_header(heading);
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        Self { table, if_empty: if_empty.into(), below: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.table.add_row(cells.iter().map(|cell| plain(cell)));
    }

    /// A line below the table.
    pub(crate) fn below(&mut self, line: impl Into<String>) {
        self.below.push(line.into());
    }

    /// How to get the next page.
    pub(crate) fn next(&mut self, cursor: Option<&str>) {
        if let Some(cursor) = cursor {
            self.below(format!("There are more: --cursor {cursor}"));
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.table.is_empty() {
            f.write_str(&self.if_empty)?;
        } else {
            write!(f, "{}", self.table)?;
        }
        self.below.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

/// Text that comes from others, for a terminal: what would steer the terminal, or turn the direction of what follows, is
/// written out.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    written_out(text, |c| c.escape_unicode().to_string())
}

/// The same in JSON text, which stays what it says.
pub(crate) fn plain_json(text: &str) -> Cow<'_, str> {
    written_out(text, |c| format!("\\u{:04x}", u32::from(c)))
}

fn written_out(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) { plain.push_str(&escape(c)) } else { plain.push(c) }
    }
    Cow::Owned(plain)
}

fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() && c != '\n'
}

/// How long ago that was.
pub(crate) fn ago(at: DateTime<Utc>) -> String {
    let (age, after) = match (Utc::now() - at).to_std() {
        Ok(age) => (age, " ago"),
        Err(_) => ((at - Utc::now()).to_std().unwrap_or_default(), " from now"),
    };
    let text = humantime::format_duration(Duration::from_secs(age.as_secs())).to_string();
    let rough: Vec<&str> = text.split(' ').take(2).collect();
    format!("{}{after}", rough.join(" "))
}

pub(crate) fn some_ago(at: Option<DateTime<Utc>>) -> String {
    at.map(ago).unwrap_or_default()
}

pub(crate) fn text(value: Option<&impl fmt::Display>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// A count that stops at the cap of queues.
pub(crate) fn capped(count: u64) -> String {
    let cap = commandbus::ops::System::CAP;
    if count > cap { format!("{cap}+") } else { count.to_string() }
}

/// The first so many characters.
pub(crate) fn short(text: &str, characters: usize) -> String {
    let mut cut: String = text.chars().take(characters).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
