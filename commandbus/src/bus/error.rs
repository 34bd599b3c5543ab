//! Why a command was not sent.

use std::fmt;

use crate::{
    error::StoreError,
    message::{CommandId, Domain, envelope::PayloadError},
};

/// Why a command was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Its payload cannot be stored.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// Its id, or several of theirs, are taken.
    #[error(
        "domain `{domain}` has commands with these ids already: {ids}. If they are yours, they were sent before; else \
         send under new ids",
        ids = ListOf(ids)
    )]
    DuplicateCommand {
        /// The domain.
        domain: Domain,
        /// The ids that are taken.
        ids: Vec<CommandId>,
    },
    /// `max_attempts(0)`.
    #[error("`max_attempts(0)` would never run the command: give at least 1")]
    NoAttempts,
    /// The queue for the reply cannot have that name.
    #[error(
        "`{queue}` cannot be a queue for replies: a queue is a lower-case letter followed by lower-case letters, digits \
         and underscores, at most 47 characters, as in `payments__replies`"
    )]
    InvalidReplyTo {
        /// The name as it was given.
        queue: String,
    },
    /// The type's name is empty or holds a NUL character.
    #[error("{command_type:?} cannot be the type of a command: give the name that its handler is registered under")]
    InvalidCommandType {
        /// The name as it was given.
        command_type: String,
    },
    /// The runtime that carried the group shut down, with the outcome unknown.
    #[error(
        "the runtime that was sending the command shut down before the outcome was known: send it again under the same \
         id, and take `DuplicateCommand` as sent"
    )]
    Interrupted {
        /// The id to send it again under.
        id: CommandId,
    },
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why `send_many` stopped. The commands of earlier chunks were sent.
#[derive(Debug, thiserror::Error)]
#[error("{source} ({count} commands of earlier chunks were sent)", count = sent.len())]
#[non_exhaustive]
pub struct SendManyError {
    /// The commands that were sent before.
    pub sent: Vec<CommandId>,
    /// What stopped the next chunk; nothing of it was sent.
    #[source]
    pub source: SendError,
}

/// The first few of a list of ids, as text.
pub(super) struct ListOf<'a, I>(pub(super) &'a [I]);

impl<I: fmt::Display> fmt::Display for ListOf<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        for (n, id) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{id}", if n == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
