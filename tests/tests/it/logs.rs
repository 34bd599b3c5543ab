//! What the library logs as errors, of every test in this process.

use std::{
    fmt::{Debug, Write},
    sync::{LazyLock, Mutex},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::set_global_default,
};

static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

static INSTALLED: LazyLock<()> = LazyLock::new(|| set_global_default(Errors).expect("nobody else installs one"));

/// Keeps errors from now on.
pub(crate) fn keep() {
    LazyLock::force(&INSTALLED);
}

/// The errors kept so far that name something.
pub(crate) fn errors_about(what: impl ToString) -> Vec<String> {
    let what = what.to_string();
    ERRORS.lock().unwrap().iter().filter(|line| line.contains(&what)).cloned().collect()
}

struct Errors;

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == Level::ERROR
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::ERROR)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        ERRORS.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}
