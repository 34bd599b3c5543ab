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
///
/// ```
/// use commandbus::{handler::Need, prelude::*};
///
/// /// Who sent the command, from a header.
/// struct Tenant(String);
///
/// impl FromContext for Tenant {
///     const NEEDS: &'static [Need] = &[];
///
///     async fn from_context(context: &Context) -> Result<Self, Failure> {
///         let tenant = context.headers().get("tenant").and_then(|tenant| tenant.as_str());
///         tenant
///             .map(|tenant| Self(tenant.to_owned()))
///             .ok_or_else(|| Failure::permanent("TENANT_MISSING", "the header `tenant` is missing"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that a handler can take",
    label = "not a parameter of a handler",
    note = "after its command a handler takes `Context`, `State<T>` (given with `.provide(..)`), `Tx`, or a type of your \
            own that implements `FromContext`"
)]
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
    pub const fn state<T: Provided>() -> Self {
        Self::State { type_id: TypeId::of::<T>, type_name: type_name::<T> }
    }
}

/// What can be given to handlers: every `T` that is `Clone + Send + Sync + 'static`.
///
/// A trait of its own, so that one that is not is reported once, whatever it lacks.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given to handlers",
    label = "not `Clone + Send + Sync`",
    note = "a state is cloned for each command, on any thread: write `#[derive(Clone)]` on it, and `Arc` around what is \
            not `Clone`, `Send` and `Sync` by itself"
)]
pub trait Provided: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Provided for T {}

/// A value given with `Worker::provide`, cloned for each delivery.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "state_of_handlers", reply = String)]
/// # #[derive(Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// #[derive(Clone)]
/// struct Printer {
///     prefix: &'static str,
/// }
///
/// #[handler]
/// async fn print_label(cmd: PrintLabel, State(printer): State<Printer>) -> String {
///     format!("{}-{}", printer.prefix, cmd.order)
/// }
///
/// # fn main() {
/// let bus = Bus::in_memory();
/// Worker::new(&bus, "state_of_handlers").provide(Printer { prefix: "DE" }).check().unwrap();
/// assert!(Worker::new(&bus, "state_of_handlers").check().is_err(), "nobody provides it");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T: Provided> FromContext for State<T> {
    const NEEDS: &'static [Need] = &[Need::state::<T>()];

    async fn from_context(context: &Context) -> Result<Self, Failure> {
        // A worker is not built without it, so this is a context of a unit test.
        context.inner.resources.get::<T>().map(State).ok_or_else(|| {
            let ty = type_name::<T>();
            Failure::transient("STATE_NOT_PROVIDED", format!("nobody provided a `{ty}`: add `.provide(..)`"))
        })
    }
}

// The note on the trait names it already.
#[diagnostic::do_not_recommend]
impl FromContext for Context {
    const NEEDS: &'static [Need] = &[];

    async fn from_context(context: &Context) -> Result<Self, Failure> {
        Ok(context.clone())
    }
}

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
