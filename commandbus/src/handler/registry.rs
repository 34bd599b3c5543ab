//! Handlers as data: what is linked into the binary, and how to call it.

use std::{fmt, pin::Pin};

use super::{Context, Need, Outcome};
use crate::message::CommandSpec;

/// A handler that `#[handler]` made from a function; the braced struct of the function's name implements it.
pub trait Handler {
    /// Its entry.
    const ENTRY: HandlerEntry;
}

/// One call: everything that a handler needs, to be decoded and extracted from.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The delivery; its `data` is the payload.
    pub context: Context,
}

/// The future of one call.
pub type Call = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How to call a handler: a plain function for `#[handler] async fn`, a closure for a set or an untyped handler.
#[derive(Clone, Copy)]
pub struct HandlerEntry {
    /// The command it handles.
    pub command: &'static CommandSpec,
    /// The path of the function, for messages.
    pub name: &'static str,
    /// Where it is written.
    pub file: &'static str,
    /// Where it is written.
    pub line: u32,
    /// What its parameters need, each parameter's slice.
    pub needs: &'static [&'static [Need]],
    /// Calls it.
    pub call: fn(Invocation) -> Call,
}

impl HandlerEntry {
    /// Whether it takes a `Tx`, so that its writes and the settlement commit together.
    pub fn is_transactional(&self) -> bool {
        self.needs.iter().copied().flatten().any(|need| matches!(need, Need::Transaction))
    }
}

impl fmt::Debug for HandlerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.name, self.file, self.line)
    }
}

inventory::collect!(HandlerEntry);
