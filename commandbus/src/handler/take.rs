//! Taking a handler's parameters, in the order they are written.

use std::{future::Future, marker::PhantomData};

use super::{Context, FromContext};
use crate::message::Failure;

/// One parameter of a handler.
#[derive(Debug)]
pub struct Take<P>(PhantomData<fn() -> P>);

impl<P> Take<P> {
    /// Stands for a type; there is nothing in it.
    #[allow(clippy::new_without_default, reason = "generated code names it, nothing else")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// First: it can be taken.
pub trait KnownTake<P> {
    /// From the context.
    fn how(&self) -> Taken<P>;
}

impl<P: FromContext> KnownTake<P> for &Take<P> {
    fn how(&self) -> Taken<P> {
        Taken(PhantomData)
    }
}

/// Else: it cannot, which is reported where its needs are asked for.
pub trait FallbackTake<P> {
    /// Not at all.
    fn how(&self) -> Untaken<P>;
}

impl<P> FallbackTake<P> for Take<P> {
    fn how(&self) -> Untaken<P> {
        Untaken(PhantomData)
    }
}

/// A parameter that is taken from the context.
#[derive(Debug)]
pub struct Taken<P>(PhantomData<fn() -> P>);

/// What is no parameter; never asked.
#[derive(Debug)]
pub struct Untaken<P>(PhantomData<fn() -> P>);

/// All parameters of a handler after its command: `((), A)`, `(((), A), B)`, …
pub trait TakeAll: Send + 'static {
    /// What is handed to the handler.
    type Taken: 'static;

    /// Takes them; the first that cannot be had ends it.
    fn take(self, context: &Context) -> impl Future<Output = Result<Self::Taken, Failure>> + Send;
}

impl TakeAll for () {
    type Taken = ();

    async fn take(self, _: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

impl<Before: TakeAll<Taken: Send>, P: FromContext> TakeAll for (Before, Taken<P>) {
    type Taken = (Before::Taken, P);

    async fn take(self, context: &Context) -> Result<Self::Taken, Failure> {
        let before = self.0.take(context).await?;
        Ok((before, P::from_context(context).await?))
    }
}

/// The types of the parameters, whether they can be taken or not.
pub trait TypesOf {
    /// Nested as in [`TakeAll::Taken`].
    type Types;
}

impl TypesOf for () {
    type Types = ();
}

impl<Before: TypesOf, P> TypesOf for (Before, Taken<P>) {
    type Types = (Before::Types, P);
}

impl<Before: TypesOf, P> TypesOf for (Before, Untaken<P>) {
    type Types = (Before::Types, P);
}
