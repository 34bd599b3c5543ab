//! What can be wrong with a wiring, in words that say what to do.

use std::fmt;

use super::HandlerEntry;
use crate::message::Domain;

/// Where a handler or a command is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The path of the handler, or the name of the command.
    pub name: &'static str,
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// The line.
    pub line: u32,
}

impl Place {
    pub(super) const fn of<F>(handler: &HandlerEntry<F>) -> Self {
        Self { name: handler.name, file: handler.file, line: handler.line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.name, self.file, self.line)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WiringFault {
    /// No handler of the domain is linked into the program.
    #[error(
        "no handler of domain `{domain}` is linked into this program: name the crate that holds them, \
         `use {domain} as _;` for instance, or list them with `.handlers(handlers![..])`, or give a set of them, \
         `.handlers(set)`"
    )]
    NothingLinked {
        /// The domain.
        domain: Domain,
    },
    /// The list of handlers is empty.
    #[error("the list of handlers is empty: name at least one, `.handlers(handlers![..])`")]
    EmptyList,
    /// A command of the domain has no handler.
    #[error("no handler takes {command}: write one, or call `.partial()` if another worker has it")]
    NotHandled {
        /// The command.
        command: Place,
    },
    /// A command of the domain has a handler, which was not listed.
    #[error(
        "{handler} takes {command}, but is not listed: add `.handlers(handlers![..])` with it, or call `.partial()` if \
         another worker has it"
    )]
    NotListed {
        /// The command.
        command: Place,
        /// The handler that is linked into the program.
        handler: Place,
    },
    /// Two handlers take the same command.
    #[error("`{command}` has two handlers, {first} and {second}: a command has one, so remove or rename one of them")]
    TwoHandlers {
        /// The name or alias they share.
        command: &'static str,
        /// The one found first.
        first: Place,
        /// The other.
        second: Place,
    },
    /// Two commands of the domain travel under the same name.
    #[error("{first} and {second} both travel as `{name}`: give one of them another `name` or drop the alias")]
    TwoCommands {
        /// The name or alias they share.
        name: &'static str,
        /// The one found first.
        first: Place,
        /// The other.
        second: Place,
    },
    /// A listed handler takes a command of another domain.
    #[error("{handler} takes `{command}` of domain `{domain}`: list it with a worker of that domain")]
    OtherDomain {
        /// The handler.
        handler: Place,
        /// Its command.
        command: &'static str,
        /// The command's domain.
        domain: Domain,
    },
    /// A handler takes a `State<T>` that nobody provided.
    #[error("{handler} takes `State<{ty}>`, which nobody provided: add `.provide(..)` with a value of that type")]
    StateNotProvided {
        /// The handler.
        handler: Place,
        /// The type.
        ty: &'static str,
    },
    /// A handler takes more than one `Tx`; one of them inside another parameter, else it would not have compiled.
    #[error("{handler} takes more than one `Tx`: a command is settled in one transaction, so keep one of them")]
    TwoTransactions {
        /// The handler.
        handler: Place,
    },
    /// A handler takes a `Tx`, but the bus is in memory.
    #[error(
        "{handler} takes a `Tx`, but this bus is in memory: run it on PostgreSQL, or call the handler itself in its test"
    )]
    NoTransactions {
        /// The handler.
        handler: Place,
    },
}

/// Everything that is wrong with a worker. Its `Debug` is its `Display`, so that `unwrap()` reads well.
#[derive(Clone, PartialEq, Eq)]
pub struct WiringError {
    pub(super) domain: Domain,
    pub(super) faults: Vec<WiringFault>,
}

impl WiringError {
    /// The domain of the worker.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The faults; at least one.
    pub fn faults(&self) -> &[WiringFault] {
        &self.faults
    }
}

impl fmt::Display for WiringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the worker of domain `{}` cannot start:", self.domain)?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl fmt::Debug for WiringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WiringError {}
