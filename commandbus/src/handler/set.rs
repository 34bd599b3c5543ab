//! Sets of handlers: methods that share the fields of one value.

use std::{marker::PhantomData, sync::Arc};

use futures_util::future::{BoxFuture, LocalBoxFuture};

use super::{
    Callable, HandlerEntry, HandlerList, Invocation, call::prepare, registry::Call, returned::Conclusion, take::TakeAll,
};

/// How to call a handler of a set `S`.
pub type SetCall<S> = fn(Arc<S>, Invocation) -> Call;

/// One handler of a set `S`.
pub type SetEntry<S> = HandlerEntry<SetCall<S>>;

/// A type whose methods are handlers, and whose fields are what they depend on. Written by `#[handler_set]`.
///
/// ```
/// use commandbus::prelude::*;
///
/// # #[command(domain = "parcels_of_a_set")]
/// # #[derive(Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// struct Parcels {
///     printer: String,
/// }
///
/// #[handler_set]
/// impl Parcels {
///     #[handler]
///     async fn print(&self, cmd: PrintLabel) {
///         println!("{}: {}", self.printer, cmd.order);
///     }
/// }
///
/// # fn main() {
/// let set = Parcels { printer: "on the desk".into() };
/// Worker::new(&Bus::in_memory(), "parcels_of_a_set").handlers(set).check().unwrap();
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of handlers",
    note = "write `#[handler_set]` on its `impl`, and `#[handler]` on the methods"
)]
pub trait HandlerSet: Sized + 'static {
    /// Its handlers, in the order of the source.
    const ENTRIES: &'static [SetEntry<Self>];

    /// Makes one of them callable: [`Callable::bound`].
    fn bind(set: &Arc<Self>, method: SetCall<Self>) -> Callable;
}

/// A set that is linked into the binary, for the catalog: a worker is given the value. Submitted by `#[handler_set]`.
#[derive(Debug)]
pub struct LinkedSet {
    pub(crate) name: &'static str,
    pub(crate) entries: fn() -> Vec<HandlerEntry<()>>,
}

impl LinkedSet {
    /// The set `S`, which has this name.
    pub const fn of<S: HandlerSet>(name: &'static str) -> Self {
        Self { name, entries: || S::ENTRIES.iter().map(|entry| entry.called_by(())).collect() }
    }
}

inventory::collect!(LinkedSet);

/// Handlers for a worker, from lists and sets.
#[derive(Debug, Clone, Default)]
pub struct Handlers(pub(super) Vec<HandlerEntry<Callable>>);

impl Handlers {
    /// Its entries.
    pub fn entries(&self) -> &[HandlerEntry<Callable>] {
        &self.0
    }
}

impl IntoHandlers for Handlers {
    fn into_handlers(self) -> Handlers {
        self
    }
}

/// What a worker can be given with `.handlers(..)`: a list, `handlers![debit_account, ..]`, or a set.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a list nor a set of handlers",
    label = "no handlers",
    note = "give `handlers![debit_account, ..]`, or a value of a type whose `impl` has `#[handler_set]`"
)]
pub trait IntoHandlers {
    /// As one.
    fn into_handlers(self) -> Handlers;
}

impl IntoHandlers for HandlerList {
    fn into_handlers(self) -> Handlers {
        Handlers(self.entries().iter().map(HandlerEntry::callable).collect())
    }
}

#[diagnostic::do_not_recommend]
impl<S: HandlerSet> IntoHandlers for S {
    fn into_handlers(self) -> Handlers {
        Arc::new(self).into_handlers()
    }
}

/// A set that others hold too.
#[diagnostic::do_not_recommend]
impl<S: HandlerSet> IntoHandlers for Arc<S> {
    fn into_handlers(self) -> Handlers {
        Handlers(S::ENTRIES.iter().map(|entry| entry.called_by(S::bind(&self, entry.call))).collect())
    }
}

/// The type of a set.
///
/// As for return types, generated code asks what holds for it: for one that cannot be shared there is a fallback that
/// never runs, so that it is reported once and not at each of its methods.
#[derive(Debug)]
pub struct SetOf<S>(PhantomData<fn() -> S>);

impl<S: Send + Sync + 'static> SetOf<S> {
    /// First: all calls can share it.
    pub const SHARED: Shared<S> = Shared(PhantomData);
}

/// Else: they cannot.
pub trait FallbackSet<S> {
    /// Not at all.
    const SHARED: Unshared<S> = Unshared::new();
}

impl<S> FallbackSet<S> for SetOf<S> {}

/// Only here for its words: a set that has it is `Send + Sync` and was met before.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared by the calls of its handlers",
    label = "a field of this type is not `Send + Sync`",
    note = "several threads use the fields of a set at the same time: in place of `Rc` take `Arc`, in place of `Cell` an \
            atomic number, in place of `RefCell` a `Mutex`"
)]
pub trait SharedByCalls {}

/// A set that all calls share.
#[derive(Debug)]
pub struct Shared<S>(PhantomData<fn() -> S>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Shared<S> {}

impl<S: Send + Sync + 'static> Shared<S> {
    /// Makes a method callable.
    pub fn bind(self, set: &Arc<S>, method: SetCall<S>) -> Callable {
        Callable::bound(set, method)
    }

    /// What a method returned.
    pub fn future<'s, F: Future + Send + 's>(self, future: F) -> BoxFuture<'s, F::Output> {
        Box::pin(future)
    }

    /// Calls a method. Its panics are the caller's to catch.
    pub fn call<C, T, W, R, E>(
        self,
        (set, invocation): (Arc<S>, Invocation),
        method: impl for<'s> FnOnce(&'s S, C, T) -> BoxFuture<'s, W> + Send + 'static,
        conclusion: Conclusion<C, W, R, E>,
    ) -> Call
    where
        C: Send + 'static,
        T: TakeAll,
        W: 'static,
        R: 'static,
        E: 'static,
    {
        Box::pin(async move {
            let (command, parameters) = match prepare(&invocation.context, conclusion.decoder).await {
                Ok(both) => both,
                Err(outcome) => return outcome,
            };
            drop(invocation);
            conclusion.of(method(&set, command, parameters).await)
        })
    }
}

/// A set that cannot be shared, or a method whose parameters cannot be taken: nothing of it is ever called.
#[derive(Debug)]
pub struct Unshared<S>(PhantomData<fn() -> S>);

impl<S> Clone for Unshared<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Unshared<S> {}

impl<S> From<Shared<S>> for Unshared<S> {
    fn from(_: Shared<S>) -> Self {
        Self::new()
    }
}

impl<S> Unshared<S> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<S: 'static> Unshared<S> {
    /// Reports it.
    pub fn bind(self, _: &Arc<S>, _: SetCall<S>) -> Callable
    where
        S: SharedByCalls,
    {
        unreachable!("this set did not compile")
    }

    /// Never called.
    pub fn future<'s, F: Future + 's>(self, future: F) -> LocalBoxFuture<'s, F::Output> {
        Box::pin(future)
    }

    /// Never called.
    pub fn call<C, T, W, R, E>(
        self,
        _: (Arc<S>, Invocation),
        _: impl for<'s> FnOnce(&'s S, C, T) -> LocalBoxFuture<'s, W>,
        _: Conclusion<C, W, R, E>,
    ) -> Call {
        unreachable!("this set did not compile")
    }
}
