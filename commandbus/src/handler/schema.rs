//! The JSON schema of a type, where it has one.
//!
//! Told apart like the return type in `returned`. Without the feature `schema` no type has one, and nothing is said.

use std::marker::PhantomData;

use serde_json::Value;

/// What is said of a type that could have a schema.
#[cfg(feature = "schema")]
const MISSING: &str = "missing: derive JsonSchema";

/// The schemas of a command's payload and of its reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Schemas {
    /// Of the payload; a text where the type has none, nothing without the feature `schema`.
    pub payload: Option<Value>,
    /// The same of the reply.
    pub reply: Option<Value>,
}

impl Schemas {
    /// Of payload and reply.
    pub const fn new(payload: Option<Value>, reply: Option<Value>) -> Self {
        Self { payload, reply }
    }
}

/// A type that may have a schema.
#[derive(Debug)]
pub struct SchemaOf<T>(PhantomData<fn() -> T>);

impl<T> SchemaOf<T> {
    /// Stands for a type; there is nothing in it.
    #[allow(clippy::new_without_default, reason = "generated code names it, nothing else")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// First: it has one.
pub trait KnownSchema {
    /// The schema.
    fn schema(&self) -> Option<Value>;
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> KnownSchema for &SchemaOf<T> {
    fn schema(&self) -> Option<Value> {
        Some(schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value())
    }
}

/// Else: it has none.
pub trait MissingSchema {
    /// What to do about it, where anything can be done.
    fn schema(&self) -> Option<Value>;
}

impl<T> MissingSchema for SchemaOf<T> {
    fn schema(&self) -> Option<Value> {
        #[cfg(feature = "schema")]
        return Some(MISSING.into());
        #[cfg(not(feature = "schema"))]
        None
    }
}
