//! What can go wrong when an operator asks or acts.

use crate::{
    error::StoreError,
    message::{BatchId, CommandId, CommandStatus, Domain, envelope::PayloadError},
    store::OperationId,
};

/// What can go wrong when an operator asks or acts. On an error nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// Somebody else was faster.
    #[error("command {id} is no longer in troubleshooting (now {status})")]
    NotParked {
        /// The command.
        id: CommandId,
        /// What it is now.
        status: CommandStatus,
    },
    /// It has been received, or has ended.
    #[error(
        "command {id} cannot be canceled any more (now {status}): only one that waits can; what is in troubleshooting is \
         canceled there"
    )]
    NotPending {
        /// The command.
        id: CommandId,
        /// What it is now.
        status: CommandStatus,
    },
    /// The message that carried it was removed, so there is no payload to send again.
    #[error("the message of command {id} is gone: retry it with an edited payload, or cancel or complete it")]
    MessageGone {
        /// The command.
        id: CommandId,
    },
    /// There is no such command.
    #[error("domain `{domain}` has no command {id}: check both, or it was removed after it ended")]
    CommandNotFound {
        /// The domain.
        domain: Domain,
        /// The id.
        id: CommandId,
    },
    /// There is no such batch.
    #[error("domain `{domain}` has no batch {id}: check both, or it was removed after it ended")]
    BatchNotFound {
        /// The domain.
        domain: Domain,
        /// The id.
        id: BatchId,
    },
    /// The verb is for commands, and the batch groups processes.
    #[error(
        "batch {id} groups processes, and only batches of commands can be canceled or paused: resolve what is parked of \
         them, and they go on by themselves"
    )]
    BatchOfProcesses {
        /// The batch.
        id: BatchId,
    },
    /// Somebody else was faster, or there is none.
    #[error("domain `{domain}` has no parked reply {id}: it was sent again already, or never parked")]
    ReplyNotParked {
        /// The domain.
        domain: Domain,
        /// Its number in the list.
        id: i64,
    },
    /// There is no such operation.
    #[error("there is no operation {id}: list them, or it was removed after it ended")]
    OperationNotFound {
        /// The id.
        id: OperationId,
    },
    /// No name of an operator.
    #[error("say who acts: the audit trail keeps the operator's name")]
    OperatorRequired,
    /// No reason where one is required.
    #[error("say why: canceling needs a reason, which the sender and the audit trail get")]
    ReasonRequired,
    /// A name or a reason that cannot be stored.
    #[error("the {what} contains a NUL character, which PostgreSQL cannot store: remove it")]
    Nul {
        /// What contains it.
        what: &'static str,
    },
    /// The edited payload is one of another type.
    #[error("command {id} is a `{actual}`, not a `{given}`: edit it as what it is")]
    OtherType {
        /// The command.
        id: CommandId,
        /// Its type.
        actual: String,
        /// The type that was given.
        given: &'static str,
    },
    /// The edited payload would not decode at the handler.
    #[error("the edited payload cannot be read as `{command_type}`: {source}. It was not sent")]
    Undecodable {
        /// The type.
        command_type: &'static str,
        /// What the deserializer said.
        source: serde_json::Error,
    },
    /// A sensitive field of the edited payload is masked, and nothing is stored that could take its place.
    #[error("`{field}` of command {id} is masked, and nothing is stored under that name: write its value")]
    NothingBehindMask {
        /// The command.
        id: CommandId,
        /// The field.
        field: String,
    },
    /// The edited payload, or the result, cannot be stored.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}
