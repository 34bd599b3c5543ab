//! The states of commands, batches and processes, and the only legal moves between them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! status {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $also:literal)*,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text $(, alias = $also)*)] $variant,)+ }

        impl $name {
            /// Every state there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text stored in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownStatus;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text $(| $also)* => Ok(Self::$variant),)+
                    other => Err(UnknownStatus { what: $what, text: other.to_owned() }),
                }
            }
        }
    };
}

status! {
    /// Where a command is in its life.
    CommandStatus, "command" {
        /// Sent and waiting: for a worker, for its delay, or for the backoff after a failed attempt.
        Pending = "PENDING",
        /// Received by a worker.
        InProgress = "IN_PROGRESS",
        /// Its handler, or an operator, completed it.
        Completed = "COMPLETED",
        /// A business rule refused it.
        Failed = "FAILED",
        /// Canceled before it ran, or by an operator after it was parked.
        Canceled = "CANCELED",
        /// Parked: an operator has to retry, cancel or complete it.
        InTroubleshooting = "IN_TROUBLESHOOTING_QUEUE",
    }
}

impl CommandStatus {
    /// Whether the command has ended. Terminal is terminal: no move leaves such a state.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }

    /// Whether a command may go from `self` to `to`. The SQL procedures guard the same table.
    pub const fn may_become(self, to: Self) -> bool {
        use CommandStatus::{Canceled, Completed, Failed, InProgress, InTroubleshooting, Pending};
        match self {
            // To troubleshooting: put back with no attempt left, as no worker of ours does.
            Pending => matches!(to, InProgress | Canceled | InTroubleshooting),
            // To itself: received again because its message became visible again.
            InProgress => matches!(to, InProgress | Completed | Pending | InTroubleshooting | Failed),
            InTroubleshooting => matches!(to, Pending | Canceled | Completed),
            Completed | Failed | Canceled => false,
        }
    }
}

status! {
    /// Where a batch is in its life.
    BatchStatus, "batch" {
        /// Created; none of its commands has been received or canceled.
        Pending = "PENDING",
        /// At least one command was received or canceled.
        InProgress = "IN_PROGRESS",
        /// Every command completed.
        Completed = "COMPLETED",
        /// Every command ended, and at least one failed or was canceled.
        CompletedWithFailures = "COMPLETED_WITH_FAILURES",
    }
}

impl BatchStatus {
    /// Whether the batch has ended.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedWithFailures)
    }
}

status! {
    /// Where a process is in its life.
    ProcessStatus, "process" {
        /// Created; nothing of it was sent. Only other implementations commit this.
        Pending = "PENDING",
        /// Between two steps. Only other implementations commit this.
        InProgress = "IN_PROGRESS",
        /// Commands of the current step are out.
        WaitingForReply = "WAITING_FOR_REPLY" | "WAITING",
        /// The same, and something of it is parked: an operator has to resolve that.
        WaitingForTroubleshooting = "WAITING_FOR_TSQ",
        /// It is being taken back: waiting for what is in flight, or for an undo.
        Compensating = "COMPENSATING",
        /// Every step was done.
        Completed = "COMPLETED",
        /// The process chose to be taken back, and was.
        Compensated = "COMPENSATED",
        /// It was to be taken back, and an undo did not succeed.
        Failed = "FAILED",
        /// A step failed, was canceled, or was too late, and what was done has been taken back.
        Canceled = "CANCELED",
    }
}

impl ProcessStatus {
    /// Whether the process has ended. Terminal is terminal.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated | Self::Failed | Self::Canceled)
    }
}

/// A status text that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what} status this version knows: it was written by a newer version, or by hand")]
pub struct UnknownStatus {
    what: &'static str,
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_is_terminal() {
        for from in CommandStatus::ALL.iter().filter(|status| status.is_terminal()) {
            for to in CommandStatus::ALL {
                assert!(!from.may_become(*to), "{from} -> {to}");
            }
        }
    }

    #[test]
    fn texts_round_trip() {
        for status in CommandStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
        for status in BatchStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
        for status in ProcessStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
        assert_eq!("WAITING".parse(), Ok(ProcessStatus::WaitingForReply), "as the original writes it");
        assert!("DONE".parse::<CommandStatus>().unwrap_err().to_string().contains("`DONE`"));
    }
}
