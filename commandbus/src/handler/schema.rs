//! The JSON schema of a type, where it has one.
//!
//! Told apart like the return type in `returned`. Without the feature `schema` no type has one, and nothing is said.

use std::marker::PhantomData;

use serde_json::Value;

/// What is said of a type that could have a schema.
#[cfg(feature = "schema")]
const MISSING: &str = "missing: derive JsonSchema";

/// The schema of a type, if it has one.
pub type Schema = Option<fn() -> Value>;

/// The schemas of a command's payload and of its reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schemas {
    pub(crate) payload: Schema,
    pub(crate) reply: Schema,
}

/// The schema, what to do for one, or nothing without the feature `schema`.
pub(crate) fn written(schema: Schema) -> Option<Value> {
    let schema = schema.map(|schema| schema());
    #[cfg(feature = "schema")]
    return schema.or_else(|| Some(MISSING.into()));
    #[cfg(not(feature = "schema"))]
    schema
}

/// A type that may have a schema.
#[derive(Debug)]
pub struct SchemaOf<T>(PhantomData<fn() -> T>);

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> SchemaOf<T> {
    /// First: it has one.
    pub const SCHEMA: Schema = Some(|| schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value());
}

/// Else: it has none.
pub trait MissingSchema {
    /// Nothing.
    const SCHEMA: Schema = None;
}

impl<T> MissingSchema for SchemaOf<T> {}
