//! Versions of a command type: the header that carries one, and how an older payload becomes the current one.

use std::{any::Any, fmt};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, value::RawValue};

use super::{Command, CommandSpec};

mod upcasting;

pub use upcasting::{Stored, UpcastFunction, Upcasted, Upcasting};

/// The header that carries the version of a payload; a message without it is of version 1.
pub const VERSION_HEADER: &str = "x-commandbus-version";

/// The version that the headers of a message name; 0, which no type has, when what they name is no version.
pub fn version_of(headers: &Map<String, Value>) -> u32 {
    match headers.get(VERSION_HEADER) {
        None => 1,
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        Some(value) => value.as_u64().and_then(|version| u32::try_from(version).ok()).unwrap_or(0),
    }
}

/// Makes headers name a version; version 1 goes without saying.
pub fn set_version(headers: &mut Option<Map<String, Value>>, version: u32) {
    if version > 1 {
        headers.get_or_insert_default().insert(VERSION_HEADER.to_owned(), version.into());
    } else if let Some(known) = headers {
        known.remove(VERSION_HEADER);
        if known.is_empty() {
            *headers = None;
        }
    }
}

/// How payloads of older versions are read; part of a [`CommandSpec`]. Written by
/// `#[command(version = 3, upcast(1 = Debit::from_v1, 2 = Debit::from_v2))]`.
#[derive(Clone, Copy)]
pub struct Upcasts {
    from: &'static [u32],
    run: fn(Stored<'_>) -> Result<Box<dyn Any>, ReadError>,
}

impl Upcasts {
    /// From these versions, each one's next being the one after it; `run` ends with the command itself, as
    /// [`Upcasting::end`] returns it.
    pub const fn new(from: &'static [u32], run: fn(Stored<'_>) -> Result<Box<dyn Any>, ReadError>) -> Self {
        Self { from, run }
    }

    /// The versions that are read.
    pub const fn from(&self) -> &'static [u32] {
        self.from
    }
}

impl fmt::Debug for Upcasts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upcasts").field("from", &self.from).finish_non_exhaustive()
    }
}

/// Why a payload could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not what the current version says.
    #[error("the payload is not a `{command_type}`: {source}")]
    Current {
        /// The type.
        command_type: &'static str,
        /// What the deserializer said.
        source: serde_json::Error,
    },
    /// It is not what the older version says that it came in.
    #[error("the payload is not version {version} of `{command_type}`: {source}")]
    Older {
        /// The type.
        command_type: &'static str,
        /// The version that came.
        version: u32,
        /// What the deserializer said.
        source: serde_json::Error,
    },
    /// An upcast said no.
    #[error("version {version} of `{command_type}` could not be made version {}: {message}", version + 1)]
    Upcast {
        /// The type.
        command_type: &'static str,
        /// The version that could not be taken further.
        version: u32,
        /// What the upcast said.
        message: String,
    },
    /// There is no upcast from this version.
    #[error("the payload is version {version} of `{command_type}`, but this program knows {known}")]
    UnknownVersion {
        /// The type.
        command_type: &'static str,
        /// The version that came.
        version: u32,
        /// Those that are known, in words.
        known: String,
    },
}

impl ReadError {
    /// This version came, and the type knows others.
    pub(crate) fn unknown_version(spec: &CommandSpec, version: u32) -> Self {
        Self::UnknownVersion { command_type: spec.name, version, known: spec.known_versions() }
    }
}

/// Reads a payload of any version that the type knows.
///
/// # Errors
///
/// When the version is not known, the payload is not what that version says, or an upcast fails.
pub fn read<C: Command>(version: u32, data: &RawValue) -> Result<C, ReadError> {
    let spec = C::SPEC;
    if version == spec.version {
        return parse(data).map_err(|source| ReadError::Current { command_type: spec.name, source });
    }
    let unknown = || ReadError::unknown_version(spec, version);
    let upcasts = spec.upcasts.filter(|upcasts| upcasts.from.contains(&version)).ok_or_else(unknown)?;
    let command = (upcasts.run)(Stored::new(spec.name, version, data))?;
    // Another type only where a spec was written by hand, for another command.
    command.downcast().map(|command| *command).map_err(|_| unknown())
}

fn parse<T: DeserializeOwned>(data: &RawValue) -> serde_json::Result<T> {
    serde_json::from_str(data.get())
}

#[cfg(test)]
mod tests;
