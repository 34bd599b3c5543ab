//! A context made by hand, to call a handler in a unit test.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Context, Inner};
use crate::{
    bus::Bus,
    handler::{Resources, transaction::TxSlot},
    message::{
        BatchId, Command, CommandId,
        envelope::{PayloadError, seal},
    },
    store::{Delivery, Token},
};

impl Context {
    /// A context as `command` would be delivered with, on its first attempt, for calling its handler in a unit test.
    ///
    /// # Errors
    ///
    /// When the command could not be sent either.
    pub fn for_test<C: Command>(bus: &Bus, command: &C) -> Result<ContextBuilder, PayloadError> {
        let spec = C::SPEC;
        Ok(ContextBuilder {
            bus: bus.clone(),
            delivery: Delivery {
                token: Token { command_id: CommandId::new(), msg_id: 1, delivery: 1 },
                domain: spec.domain.clone(),
                command_type: spec.name.to_owned(),
                correlation_id: Some(Uuid::now_v7()),
                data: seal(spec.name, command)?,
                headers: Map::new(),
                reply_to: None,
                attempt: 1,
                max_attempts: spec.max_attempts,
                batch_id: None,
                sent_at: Utc::now(),
            },
            resources: Resources::default(),
            cancellation: CancellationToken::new(),
        })
    }
}

/// What a context made by hand says. Begins at [`Context::for_test`].
#[derive(Debug)]
#[must_use = "`.build()` makes the context"]
pub struct ContextBuilder {
    bus: Bus,
    delivery: Delivery,
    resources: Resources,
    cancellation: CancellationToken,
}

impl ContextBuilder {
    /// Sets the id of the command.
    pub fn command_id(mut self, id: impl Into<CommandId>) -> Self {
        self.delivery.token.command_id = id.into();
        self
    }

    /// Sets what proves that the command is held, for a test of [`Context::extend_lease`].
    pub fn token(mut self, token: Token) -> Self {
        self.delivery.token = token;
        self
    }

    /// Sets what the command belongs to.
    pub fn correlation_id(mut self, id: Uuid) -> Self {
        self.delivery.correlation_id = Some(id);
        self
    }

    /// Sets which attempt this is, from 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.delivery.attempt = attempt;
        self
    }

    /// Sets how many attempts there are.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.delivery.max_attempts = max_attempts;
        self
    }

    /// Puts the command into a batch.
    pub fn batch_id(mut self, id: impl Into<BatchId>) -> Self {
        self.delivery.batch_id = Some(id.into());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.delivery.headers.insert(name.into(), value.into());
        self
    }

    /// Sets when the command was sent.
    pub fn sent_at(mut self, at: DateTime<Utc>) -> Self {
        self.delivery.sent_at = at;
        self
    }

    /// Gives a value for `State<T>`.
    pub fn provide<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.resources.insert(value);
        self
    }

    /// Asks the handler to stop from the beginning.
    pub fn cancelled(self) -> Self {
        self.cancellation.cancel();
        self
    }

    /// The context.
    pub fn build(self) -> Context {
        let Self { bus, delivery, resources, cancellation } = self;
        Context { inner: Inner { bus, delivery, resources, cancellation, transaction: TxSlot::default() }.into() }
    }
}
