//! One call of a handler: decode, extract, run.
//!
//! Here, as in `returned`, generated code asks what holds for a type: for a type that is no command there is a fallback
//! that never runs, because the one place that demands a command has reported it.

use std::{future::Future, marker::PhantomData};

use super::{
    Context, Invocation, Outcome,
    registry::Call,
    returned::{Conclusion, ReplyTo, Shape, done},
    set::Unshared,
    take::TakeAll,
};
use crate::message::{Command, CommandSpec, Failure, version};

/// How to read a payload.
pub type Decoder<C> = fn(&Context) -> Result<C, Failure>;

/// How to call a handler with parameters `T`, once it is known whether they can be taken.
#[derive(Debug)]
pub struct CallWith<T>(PhantomData<fn() -> T>);

impl<T: TakeAll> CallWith<T> {
    /// First: all of them can, so the handler can be called.
    pub const CALLER: Caller<T> = Caller(PhantomData);
}

/// Else: one cannot, which is reported where its needs are asked for.
pub trait FallbackParameters<T> {
    /// So the handler never runs.
    const CALLER: Refusal<T> = Refusal(PhantomData);
}

impl<T> FallbackParameters<T> for CallWith<T> {}

/// Calls a handler.
#[derive(Debug)]
pub struct Caller<T>(PhantomData<fn() -> T>);

impl<T: TakeAll> Caller<T> {
    /// How a method of a set is called: as the set allows.
    pub fn of<H>(self, shared: H) -> H {
        shared
    }

    /// Calls it. Its panics are the caller's to catch.
    pub fn call<C, W, R, E, F>(
        self,
        invocation: Invocation,
        handler: impl FnOnce(C, T) -> F + Send + 'static,
        conclusion: Conclusion<C, W, R, E>,
    ) -> Call
    where
        C: Send + 'static,
        W: 'static,
        R: 'static,
        E: 'static,
        F: Future<Output = W> + Send + 'static,
    {
        Box::pin(async move {
            let (command, parameters) = match prepare(&invocation.context, conclusion.decoder).await {
                Ok(both) => both,
                Err(outcome) => return outcome,
            };
            // What a handler does not take, it does not keep alive.
            drop(invocation);
            conclusion.of(handler(command, parameters).await)
        })
    }
}

/// What is called in place of a handler whose parameters cannot be taken: not even its future is looked at.
#[derive(Debug)]
pub struct Refusal<T>(PhantomData<fn() -> T>);

impl<T> Refusal<T> {
    /// Nor is a method of a set ever called, whether the set can be shared or not.
    pub fn of<S>(self, _: impl Into<Unshared<S>>) -> Unshared<S> {
        Unshared::new()
    }

    /// Never called.
    pub fn call<C, W, R, E, F>(self, _: Invocation, _: impl FnOnce(C, T) -> F, _: Conclusion<C, W, R, E>) -> Call {
        Box::pin(async { Outcome::Failed(Failure::permanent("REFUSED", "this handler did not compile")) })
    }
}

/// Decodes the command and takes the parameters.
pub(super) async fn prepare<C, T: TakeAll>(context: &Context, decode: Decoder<C>) -> Result<(C, T), Outcome> {
    let command = decode(context).map_err(Outcome::Undecodable)?;
    let parameters = T::take(context).await.map_err(Outcome::Failed)?;
    Ok((command, parameters))
}

/// The first parameter of a handler.
#[derive(Debug)]
pub struct CommandOf<C>(PhantomData<fn() -> C>);

impl<C: Command> CommandOf<C> {
    /// What is known of it, where a constant asks.
    pub const SPEC: Option<&'static CommandSpec> = Some(C::SPEC);

    /// First: it is a command, with its reply.
    pub const KNOWN: Known<C, C::Reply> = Known { decoder: decode::<C>, done: done::<C> };
}

/// Where a constant asks for what is no command.
pub trait FallbackSpec {
    /// Nothing.
    const SPEC: Option<&'static CommandSpec> = None;
}

impl<C> FallbackSpec for CommandOf<C> {}

/// Else: it is none.
pub trait FallbackCommand<C> {
    /// Without a reply.
    const KNOWN: Unknown<C> = Unknown(PhantomData);
}

impl<C> FallbackCommand<C> for CommandOf<C> {}

/// A command and its reply.
#[derive(Debug)]
pub struct Known<C, Reply> {
    decoder: Decoder<C>,
    done: fn(Reply) -> Outcome,
}

impl<C, Reply> Known<C, Reply> {
    /// How to read its payload, and what to make of what its handler returns.
    pub fn conclusion<W, R, E>(self, returned: Shape<W, R, E>, failure: fn(&E) -> Failure) -> Conclusion<C, W, R, E>
    where
        R: ReplyTo<C, Reply>,
    {
        returned.conclusion(self.decoder, R::conclude(self.done), failure)
    }
}

/// What is no command.
#[derive(Debug)]
pub struct Unknown<C>(PhantomData<fn() -> C>);

impl<C> Unknown<C> {
    /// Never called.
    pub fn conclusion<W, R, E>(self, returned: Shape<W, R, E>, failure: fn(&E) -> Failure) -> Conclusion<C, W, R, E> {
        let decoder = |_: &Context| Err(Failure::permanent("REFUSED", "this handler did not compile"));
        returned.conclusion(decoder, |_| Outcome::Done(None), failure)
    }
}

fn decode<C: Command>(context: &Context) -> Result<C, Failure> {
    let delivery = &context.inner.delivery;
    version::read(delivery.version(), &delivery.data)
        .map_err(|error| Failure::permanent("UNDECODABLE", error.to_string()))
}
