//! What a command is: a plain struct and a little static data about its type.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Backoff, BatchId, CommandId, CommandStatus, Domain, envelope::PayloadError, version::Upcasts};

/// A typed command. Written by `#[command(domain = "..")]`, or by hand:
///
/// ```
/// use commandbus::message::{Command, CommandSpec};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct CloseMonth {
///     month: String,
/// }
///
/// impl Command for CloseMonth {
///     type Reply = ();
///     const SPEC: &'static CommandSpec = &CommandSpec::new("billing", "CloseMonth");
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    label = "not a command",
    note = "write `#[command(domain = \"..\")]` on its definition, with `#[derive(Serialize, Deserialize)]`"
)]
pub trait Command: Serialize + for<'de> Deserialize<'de> + Send + 'static {
    /// What its handler returns on success; `()` when nothing.
    type Reply: Serialize + for<'de> Deserialize<'de> + Send + 'static;

    /// What is known of the type without a value of it.
    const SPEC: &'static CommandSpec;

    /// The group that it belongs to, if any: commands of one group run one at a time, in the order they were sent.
    /// Written by `group_by = field`; by hand with [`group_key`](super::group::group_key).
    ///
    /// # Errors
    ///
    /// When its key is none.
    fn group(&self) -> Result<Option<String>, PayloadError> {
        Ok(None)
    }
}

/// The static data of a command type.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CommandSpec {
    /// The domain whose queue carries it.
    pub domain: Domain,
    /// The name that travels as `command_type`.
    pub name: &'static str,
    /// Former names, which its handler still accepts.
    pub aliases: &'static [&'static str],
    /// The version of its payload, from 1.
    pub version: u32,
    /// How payloads of older versions are read.
    pub(super) upcasts: Option<Upcasts>,
    /// How often it is attempted before it is parked, unless the sender says otherwise.
    pub max_attempts: u32,
    /// The pauses between attempts; see [`CommandSpec::backoff`].
    backoff: Option<&'static [Duration]>,
    /// How long one attempt may take before it counts as failed (`TIMEOUT`).
    pub timeout: Option<Duration>,
    /// Whether the type declares a reply, so that its result is kept for a sender that waits.
    pub keeps_reply: bool,
    /// The wire names of fields that are masked wherever people look.
    pub sensitive: &'static [&'static str],
}

impl CommandSpec {
    /// How often a command is attempted where nothing is said.
    pub const DEFAULT_MAX_ATTEMPTS: u32 = 3;

    /// A type with every option at its default.
    ///
    /// # Panics
    ///
    /// At compile time, when `domain` is not a valid [`Domain`].
    pub const fn new(domain: &'static str, name: &'static str) -> Self {
        Self {
            domain: Domain::from_static(domain),
            name,
            aliases: &[],
            version: 1,
            upcasts: None,
            max_attempts: Self::DEFAULT_MAX_ATTEMPTS,
            backoff: None,
            timeout: None,
            keeps_reply: false,
            sensitive: &[],
        }
    }

    /// Sets the former names.
    pub const fn with_aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Sets the version of its payload; at least 1.
    pub const fn with_version(mut self, version: u32) -> Self {
        assert!(version > 0, "the first version is 1");
        self.version = version;
        self
    }

    /// Says how payloads of older versions are read.
    pub const fn with_upcasts(mut self, upcasts: Upcasts) -> Self {
        self.upcasts = Some(upcasts);
        self
    }

    /// Sets the number of attempts; at least 1.
    pub const fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        assert!(max_attempts > 0, "a command is attempted at least once");
        self.max_attempts = max_attempts;
        self
    }

    /// Sets the pauses between attempts; at least one.
    pub const fn with_backoff(mut self, backoff: &'static [Duration]) -> Self {
        assert!(!backoff.is_empty(), "a backoff schedule has at least one entry");
        self.backoff = Some(backoff);
        self
    }

    /// Sets how long one attempt may take.
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says that the type declares a reply.
    pub const fn with_reply(mut self) -> Self {
        self.keeps_reply = true;
        self
    }

    /// Sets the wire names of the fields to mask.
    pub const fn with_sensitive(mut self, fields: &'static [&'static str]) -> Self {
        self.sensitive = fields;
        self
    }

    /// The pauses between attempts.
    pub fn backoff(&self) -> Backoff {
        self.backoff.and_then(Backoff::from_static).unwrap_or_default()
    }

    /// Whether a message of this type name is meant for this command.
    pub fn answers_to(&self, command_type: &str) -> bool {
        self.name == command_type || self.aliases.contains(&command_type)
    }

    /// The older versions that are read, through upcasts.
    pub fn upcasts_from(&self) -> &'static [u32] {
        self.upcasts.map_or(&[], |upcasts| upcasts.from())
    }

    /// Whether a payload of this version can be read.
    pub fn knows_version(&self, version: u32) -> bool {
        version == self.version || self.upcasts_from().contains(&version)
    }

    /// The versions that can be read, in words: `2, 3 and 4`.
    pub(crate) fn known_versions(&self) -> String {
        let older: Vec<String> = self.upcasts_from().iter().map(ToString::to_string).collect();
        match older.as_slice() {
            [] => format!("only {}", self.version),
            older => format!("{} and {}", older.join(", "), self.version),
        }
    }
}

/// A command as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandMetadata {
    /// Its domain.
    pub domain: Domain,
    /// Its id.
    pub command_id: CommandId,
    /// The name of its type.
    pub command_type: String,
    /// Where it is in its life.
    pub status: CommandStatus,
    /// Attempts made in this life; an operator's retry starts a new one.
    pub attempts: u32,
    /// How many attempts it has.
    pub max_attempts: u32,
    /// Deliveries so far, over all its lives.
    pub delivery: i64,
    /// The message that carries it; `None` only for rows written by others.
    pub msg_id: Option<i64>,
    /// What it belongs to, chosen by the sender.
    pub correlation_id: Option<Uuid>,
    /// The queue that its reply is sent to, if any.
    pub reply_to: Option<String>,
    /// The batch it belongs to, if any.
    pub batch_id: Option<BatchId>,
    /// The group that it is in until it ends, if any.
    pub group: Option<String>,
    /// The command of its group that it waits for.
    pub held_behind: Option<CommandId>,
    /// The kind of the last error.
    pub last_error_type: Option<String>,
    /// The code of the last error.
    pub last_error_code: Option<String>,
    /// The message of the last error.
    pub last_error_msg: Option<String>,
    /// Until when the worker that has it holds it; informs people, the message's visibility decides.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// When it was sent, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
