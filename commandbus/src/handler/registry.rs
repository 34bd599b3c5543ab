//! Handlers as data: what is linked into the binary, and how to call it.

use std::{fmt, pin::Pin, sync::Arc};

use super::{
    Context, Need, Outcome,
    schema::{Schema, Schemas},
};
use crate::message::{Command, CommandSpec};

/// A handler that `#[handler]` made from a function; the braced struct of the function's name implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    note = "write `#[handler]` on the function; a set of handlers is given as a value, `.handlers(set)`"
)]
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

/// What is known of a handler, and how to call it: `F` is a plain function for `#[handler] async fn`, one that takes the
/// set first for [a set](super::HandlerSet), and either of them for a [worker](Callable).
#[derive(Clone, Copy)]
pub struct HandlerEntry<F = fn(Invocation) -> Call> {
    /// The command it handles.
    pub command: &'static CommandSpec,
    /// The path of the function or method, for messages.
    pub name: &'static str,
    /// Where it is written.
    pub file: &'static str,
    /// Where it is written.
    pub line: u32,
    /// What its parameters need, each parameter's slice.
    pub needs: &'static [&'static [Need]],
    /// Calls it.
    pub call: F,
}

/// How a worker calls a handler.
#[derive(Clone)]
pub enum Callable {
    /// A function.
    Function(fn(Invocation) -> Call),
    /// A method of a set, which is held by it.
    Bound(Arc<dyn Fn(Invocation) -> Call + Send + Sync>),
}

impl Callable {
    /// A method of this set.
    pub fn bound<S: Send + Sync + 'static>(set: &Arc<S>, method: fn(Arc<S>, Invocation) -> Call) -> Self {
        let set = Arc::clone(set);
        Self::Bound(Arc::new(move |invocation| method(Arc::clone(&set), invocation)))
    }
}

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function(_) => "Function",
            Self::Bound(_) => "Bound",
        })
    }
}

impl<F> HandlerEntry<F> {
    /// Whether it takes a `Tx`, so that its writes and the settlement commit together.
    pub fn is_transactional(&self) -> bool {
        self.needs().any(|need| matches!(need, Need::Transaction))
    }

    /// What its parameters need.
    pub fn needs(&self) -> impl Iterator<Item = &'static Need> {
        self.needs.iter().copied().flatten()
    }

    /// The same handler, called in another way.
    pub(super) fn called_by<G>(&self, call: G) -> HandlerEntry<G> {
        let Self { command, name, file, line, needs, .. } = *self;
        HandlerEntry { command, name, file, line, needs, call }
    }
}

impl HandlerEntry {
    /// As a worker calls it.
    pub(super) fn callable(&self) -> HandlerEntry<Callable> {
        self.called_by(Callable::Function(self.call))
    }
}

impl HandlerEntry<Callable> {
    /// Calls it.
    pub fn call(&self, invocation: Invocation) -> Call {
        match &self.call {
            Callable::Function(function) => function(invocation),
            Callable::Bound(method) => method(invocation),
        }
    }
}

impl<F> fmt::Debug for HandlerEntry<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.name, self.file, self.line)
    }
}

inventory::collect!(HandlerEntry);

/// Handlers chosen by hand, with [`handlers!`](crate::handlers).
#[derive(Debug, Clone, Copy)]
pub struct HandlerList(&'static [HandlerEntry]);

impl HandlerList {
    /// A list of entries.
    pub const fn new(entries: &'static [HandlerEntry]) -> Self {
        Self(entries)
    }

    /// Its entries.
    pub const fn entries(&self) -> &'static [HandlerEntry] {
        self.0
    }
}

/// A command type that is linked into the binary. Submitted by `#[command]`.
#[derive(Clone, Copy)]
pub struct CommandEntry {
    /// What is known of the type.
    pub spec: &'static CommandSpec,
    /// Where it is written.
    pub file: &'static str,
    /// Where it is written.
    pub line: u32,
    /// The JSON schemas of its payload and its reply.
    pub(crate) schemas: Option<Schemas>,
}

impl CommandEntry {
    /// The entry of `C`, which is written there.
    pub const fn of<C: Command>(file: &'static str, line: u32) -> Self {
        Self { spec: C::SPEC, file, line, schemas: None }
    }

    /// Says which schemas its payload and its reply have.
    #[must_use]
    pub const fn with_schemas(mut self, payload: Schema, reply: Schema) -> Self {
        self.schemas = Some(Schemas { payload, reply });
        self
    }
}

impl fmt::Debug for CommandEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.spec.name, self.file, self.line)
    }
}

inventory::collect!(CommandEntry);

/// Refuses, at compile time, the entry at `index` of a list if one before it handles the same command.
///
/// # Panics
///
/// In that case.
pub const fn refuse_second(entries: &[HandlerEntry], index: usize) {
    if is_second(entries, index) {
        panic!("this list has a handler for the same command already: a command has one handler");
    }
}

/// Refuses, at compile time, the handler of a set with this name if one before it handles the same command.
///
/// # Panics
///
/// In that case.
pub const fn refuse_second_of_set<F>(entries: &[HandlerEntry<F>], name: &str) {
    let mut index = 0;
    while index < entries.len() {
        if same_text(entries[index].name, name) && is_second(entries, index) {
            panic!("this set has a handler for the same command already: a command has one handler");
        }
        index += 1;
    }
}

const fn is_second<F>(entries: &[HandlerEntry<F>], index: usize) -> bool {
    let mut before = 0;
    while before < index {
        if same_command(entries[before].command, entries[index].command) {
            return true;
        }
        before += 1;
    }
    false
}

const fn same_command(one: &CommandSpec, other: &CommandSpec) -> bool {
    // What a refused macro left behind has no name, and has been reported.
    if one.name.is_empty() || !same_text(one.name, other.name) {
        return false;
    }
    match (one.domain.as_static_str(), other.domain.as_static_str()) {
        (Some(one), Some(other)) => same_text(one, other),
        _ => false,
    }
}

const fn same_text(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut i = 0;
    while i < one.len() {
        if one[i] != other[i] {
            return false;
        }
        i += 1;
    }
    true
}
