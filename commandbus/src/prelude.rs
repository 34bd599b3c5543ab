//! What a program that uses commands needs most often: `use commandbus::prelude::*;`

pub use commandbus_macros::{HandlerError, batch, command, handler, handler_set, process};
pub use serde::{Deserialize, Serialize};

pub use crate::{
    bus::{BatchKind, BatchMember, Bus, CommandExt},
    handler::{Context, FromContext, State, Tx},
    handlers,
    message::{BatchMetadata, Command, Failure, HandlerError},
    process::{Next, Process, ProcessExt},
    worker::Worker,
};
