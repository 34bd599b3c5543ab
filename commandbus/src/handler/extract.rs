//! What a handler may take beside its command.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    future::Future,
    sync::Arc,
};

use super::Context;
use crate::message::Failure;

/// A parameter that a handler may take after its command.
pub trait FromContext: Sized + Send + 'static {
    /// What has to be there for it, known before the first message. A wrapper repeats the needs of what it wraps.
    const NEEDS: &'static [Need];

    /// Takes it from the delivery. A failure counts as a failure of the attempt.
    fn from_context(context: &Context) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// Something that a parameter needs from the worker.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Need {
    /// A value given with `Worker::provide`.
    State {
        /// Its type.
        type_id: fn() -> TypeId,
        /// The type's name, for messages.
        type_name: fn() -> &'static str,
    },
    /// A transaction, so a bus on PostgreSQL.
    Transaction,
}

impl Need {
    /// The need for a provided value of type `T`.
    pub const fn state<T: Clone + Send + Sync + 'static>() -> Self {
        Self::State { type_id: TypeId::of::<T>, type_name: type_name::<T> }
    }
}

/// A value given with `Worker::provide`, cloned for each delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State<T>(pub T);

/// The values provided to a worker, one for each type.
#[derive(Clone, Default)]
pub struct Resources(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Resources {
    /// Adds a value; one of the same type given before is replaced.
    pub(crate) fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        let mut map = (*self.0).clone();
        map.insert(TypeId::of::<T>(), Arc::new(value));
        self.0 = Arc::new(map);
    }

    pub(crate) fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>()).and_then(|value| value.downcast_ref::<T>()).cloned()
    }

    pub(crate) fn contains(&self, type_id: TypeId) -> bool {
        self.0.contains_key(&type_id)
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resources({} types)", self.0.len())
    }
}
