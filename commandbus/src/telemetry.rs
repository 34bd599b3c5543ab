//! Floor 0: every span, field and metric name, on one page.
//!
//! Payloads, results and error details are never logged; error messages are, cut to what settling stores of them.

/// The span around one call of a handler.
pub const HANDLE: &str = "commandbus.handle";

/// Fields of spans and log events.
pub mod field {
    /// The domain of a worker, command or batch.
    pub const DOMAIN: &str = "commandbus.domain";
    /// The id of a command.
    pub const COMMAND_ID: &str = "commandbus.command_id";
    /// The type of a command.
    pub const COMMAND_TYPE: &str = "commandbus.command_type";
    /// The correlation id of a command.
    pub const CORRELATION_ID: &str = "commandbus.correlation_id";
    /// The id of a process.
    pub const PROCESS_ID: &str = "commandbus.process_id";
    /// The type of a process.
    pub const PROCESS_TYPE: &str = "commandbus.process_type";
    /// Which attempt this is, from 1.
    pub const ATTEMPT: &str = "commandbus.attempt";
    /// How many attempts the command has.
    pub const MAX_ATTEMPTS: &str = "commandbus.max_attempts";
    /// The message of a queue.
    pub const MESSAGE_ID: &str = "commandbus.message_id";
    /// The code of a failure.
    pub const ERROR_CODE: &str = "commandbus.error_code";
    /// Why something was parked or archived.
    pub const REASON: &str = "commandbus.reason";
    /// How many of them.
    pub const COUNT: &str = "commandbus.count";
}

/// Metrics, recorded through the `metrics` facade with the labels `domain` and those named here.
pub mod metric {
    /// Counter: deliveries received.
    pub const RECEIVED: &str = "commandbus_received_total";
    /// Counter: deliveries settled, by `verdict` (`complete`, `retry`, `park`, `fail`, `give_back`).
    pub const SETTLED: &str = "commandbus_settled_total";
    /// Counter: settlements and renewals refused because the delivery was no longer current.
    pub const STALE: &str = "commandbus_stale_total";
    /// Counter: commands parked, by `reason`.
    pub const PARKED: &str = "commandbus_parked_total";
    /// Counter: replies that processes took in.
    pub const ROUTED: &str = "commandbus_routed_replies_total";
    /// Counter: replies that changed nothing, by `reason` (`DUPLICATE`, `LATE`, `FOREIGN`, `MALFORMED`).
    pub const STRAY_REPLIES: &str = "commandbus_stray_replies_total";
    /// Counter: replies that were parked, by `code`.
    pub const PARKED_REPLIES: &str = "commandbus_parked_replies_total";
    /// Counter: processes that ended, by `status`.
    pub const PROCESSES_ENDED: &str = "commandbus_processes_ended_total";
    /// Counter: messages archived because no command waited for them, by `reason`.
    pub const STRAYS: &str = "commandbus_strays_total";
    /// Counter: failed calls of the store, by `operation` (`receive`, `settle`, `renew`, `fold`).
    pub const STORE_ERRORS: &str = "commandbus_store_errors_total";
    /// Histogram: seconds that a call of a handler took, by `command_type`.
    pub const HANDLER_SECONDS: &str = "commandbus_handler_seconds";
}
