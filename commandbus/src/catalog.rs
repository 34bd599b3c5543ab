//! What this program knows: every linked command, reply, handler and process, as data.
//!
//! A snapshot of it in a test shows every change of the wire format in review:
//!
//! ```standalone_crate
//! # use commandbus::prelude::*;
//! #[command(domain = "payments", version = 2, upcast(1 = Debit::from_v1), backoff = "10s, 5m")]
//! #[derive(Serialize, Deserialize)]
//! struct Debit {
//!     cents: i64,
//!     #[command(sensitive)]
//!     card: Option<String>,
//! }
//!
//! #[derive(Deserialize)]
//! struct DebitV1 {
//!     cents: i64,
//! }
//!
//! impl Debit {
//!     fn from_v1(old: DebitV1) -> Self {
//!         Self { cents: old.cents, card: None }
//!     }
//! }
//!
//! let catalog = commandbus::catalog(); // insta::assert_json_snapshot!(commandbus::catalog())
//! let debit = &catalog.commands[0];
//! assert_eq!((debit.name, debit.version, debit.upcasts_from), ("Debit", 2, [1].as_slice()));
//! assert_eq!(debit.backoff, ["10s", "300s"]);
//! assert_eq!(debit.sensitive, ["card"]);
//! assert!(debit.handlers.is_empty());
//! ```
//!
//! With the feature `schema` the catalog holds the JSON schema of each payload and reply whose type is a
//! `schemars::JsonSchema`, and says which are not. Written out, it does not depend on the machine: no file, no line, no
//! order of linking.
//!
//! [`Catalog::check`] compares it with a database, before a deployment: what waits, runs, is parked or is in the middle of
//! a process there that this program could not handle.

use serde::{Serialize, Serializer};
use serde_json::Value;

mod collect;
mod compatibility;
mod fingerprint;
#[cfg(test)]
mod tests;

pub use collect::catalog;
pub use compatibility::{Compatibility, Incompatibility};

/// Everything that is linked into this program, by domain and name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Catalog {
    /// The commands: those of `#[command]`, and those that a handler takes or a process sends.
    pub commands: Vec<CommandDescription>,
    /// The processes.
    pub processes: Vec<ProcessDescription>,
}

/// A command type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CommandDescription {
    /// Whose queue carries it.
    pub domain: &'static str,
    /// The name it travels under.
    pub name: &'static str,
    /// Former names.
    pub aliases: &'static [&'static str],
    /// The version of its payload.
    pub version: u32,
    /// The older versions that are read.
    pub upcasts_from: &'static [u32],
    /// How often it is attempted.
    pub max_attempts: u32,
    /// The pauses between attempts.
    pub backoff: Vec<String>,
    /// How long one attempt may take.
    pub timeout: Option<String>,
    /// The wire names of the fields that are masked.
    pub sensitive: &'static [&'static str],
    /// Whether it declares a reply.
    pub declares_reply: bool,
    /// The JSON schema of its payload, or a text that says why there is none; absent without the feature `schema`, and for
    /// a command that `#[command]` did not write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// The same of its reply, if it declares one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Value>,
    /// Its handlers, those of sets among them; a worker takes one, so there are more only where workers list theirs.
    pub handlers: Vec<HandlerDescription>,
    /// What changes when the wire format does: names, versions, and the schemas where they are known; not the order of
    /// fields, nor how it is retried.
    pub fingerprint: String,
}

/// A handler. Serialized it is its path alone, because files and lines change with every edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct HandlerDescription {
    /// The path of the function or method.
    pub path: &'static str,
    /// The name of its set, for a method of one.
    pub set: Option<&'static str>,
    /// Where it is written.
    pub file: &'static str,
    /// Where it is written.
    pub line: u32,
}

impl Serialize for HandlerDescription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.path)
    }
}

/// A process type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProcessDescription {
    /// Who keeps it.
    pub domain: &'static str,
    /// The name it is stored under.
    pub name: &'static str,
    /// Former names.
    pub aliases: &'static [&'static str],
    /// How long it may take.
    pub deadline: Option<String>,
    /// Its steps, in order.
    pub steps: Vec<StepDescription>,
    /// What changes when the steps do: their names, order and commands; not how long they may take.
    pub fingerprint: String,
}

/// A step of a process.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepDescription {
    /// Its name, which is stored.
    pub name: &'static str,
    /// Former names.
    pub aliases: &'static [&'static str],
    /// The number of its group; the steps of one are sent together.
    pub group: usize,
    /// The command it sends, as `domain.Name`.
    pub command: String,
    /// How long its reply may take.
    pub timeout: Option<String>,
    /// The command that takes it back.
    pub undo: Option<String>,
}
