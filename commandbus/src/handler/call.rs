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
    take::{TakeAll, TypesOf},
};
use crate::message::{Command, CommandSpec, Failure, version};

/// How to read a payload.
pub type Decoder<C> = fn(&Context) -> Result<C, Failure>;

/// How to call a handler with parameters `T`, once it is known whether they can be taken.
#[derive(Debug)]
pub struct CallWith<T>(PhantomData<fn() -> T>);

impl<T> CallWith<T> {
    /// Stands for their types; there is nothing in it.
    pub fn these(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// First: all of them can.
pub trait KnownParameters<T> {
    /// So the handler can be called.
    fn caller(&self) -> Caller<T>;
}

impl<T: TakeAll> KnownParameters<T> for &CallWith<T> {
    fn caller(&self) -> Caller<T> {
        Caller(PhantomData)
    }
}

/// Else: one cannot, which is reported where its needs are asked for.
pub trait FallbackParameters<T> {
    /// So the handler never runs.
    fn caller(&self) -> Refusal<T>;
}

impl<T> FallbackParameters<T> for CallWith<T> {
    fn caller(&self) -> Refusal<T> {
        Refusal(PhantomData)
    }
}

/// Calls a handler.
#[derive(Debug)]
pub struct Caller<T>(PhantomData<fn() -> T>);

impl<T: TakeAll> Caller<T> {
    /// How a method of a set is called: as the set allows.
    pub fn of<H>(&self, shared: H) -> H {
        shared
    }

    /// Calls it. Its panics are the caller's to catch.
    pub fn call<C, W, R, E, F>(
        &self,
        invocation: Invocation,
        decode: Decoder<C>,
        take: T,
        handler: impl FnOnce(C, T::Taken) -> F + Send + 'static,
        conclusion: Conclusion<W, R, E>,
    ) -> Call
    where
        C: Send + 'static,
        W: 'static,
        R: 'static,
        E: 'static,
        F: Future<Output = W> + Send + 'static,
    {
        Box::pin(async move {
            let (command, parameters) = match prepare(invocation, decode, take).await {
                Ok(both) => both,
                Err(outcome) => return outcome,
            };
            conclusion.of(handler(command, parameters).await)
        })
    }
}

/// What is called in place of a handler whose parameters cannot be taken: not even its future is looked at.
#[derive(Debug)]
pub struct Refusal<T>(PhantomData<fn() -> T>);

impl<T: TypesOf> Refusal<T> {
    /// Nor is a method of a set ever called, whether the set can be shared or not.
    pub fn of<S>(&self, _: impl Into<Unshared<S>>) -> Unshared<S> {
        Unshared::new()
    }

    /// Never called.
    pub fn call<C, W, R, E, F>(
        &self,
        _: Invocation,
        _: Decoder<C>,
        _: T,
        _: impl FnOnce(C, T::Types) -> F,
        _: Conclusion<W, R, E>,
    ) -> Call {
        Box::pin(async { Outcome::Failed(Failure::permanent("REFUSED", "this handler did not compile")) })
    }
}

/// Decodes the command and takes the parameters. The context ends with it: what a handler does not take, it does not
/// keep alive.
pub(super) async fn prepare<C, T: TakeAll>(
    invocation: Invocation,
    decode: Decoder<C>,
    take: T,
) -> Result<(C, T::Taken), Outcome> {
    let command = decode(&invocation.context).map_err(Outcome::Undecodable)?;
    let parameters = take.take(&invocation.context).await.map_err(Outcome::Failed)?;
    Ok((command, parameters))
}

/// The first parameter of a handler.
#[derive(Debug)]
pub struct CommandOf<C>(PhantomData<fn() -> C>);

impl<C> CommandOf<C> {
    /// Stands for a type; there is nothing in it.
    #[allow(clippy::new_without_default, reason = "generated code names it, nothing else")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C: Command> CommandOf<C> {
    /// What is known of it, where a constant asks.
    pub const SPEC: Option<&'static CommandSpec> = Some(C::SPEC);
}

/// Where a constant asks for what is no command.
pub trait FallbackSpec {
    /// Nothing.
    const SPEC: Option<&'static CommandSpec> = None;
}

impl<C> FallbackSpec for CommandOf<C> {}

/// First: it is a command.
pub trait KnownCommand<C: Command> {
    /// With its reply.
    fn known(&self) -> Known<C, C::Reply>;
}

impl<C: Command> KnownCommand<C> for &CommandOf<C> {
    fn known(&self) -> Known<C, C::Reply> {
        Known { decoder: decode::<C>, done: done::<C> }
    }
}

/// Else: it is none.
pub trait FallbackCommand<C> {
    /// Without a reply.
    fn known(&self) -> Unknown<C>;
}

impl<C> FallbackCommand<C> for CommandOf<C> {
    fn known(&self) -> Unknown<C> {
        Unknown(PhantomData)
    }
}

/// A command and its reply.
#[derive(Debug, Clone, Copy)]
pub struct Known<C, Reply> {
    decoder: Decoder<C>,
    done: fn(Reply) -> Outcome,
}

impl<C, Reply> Known<C, Reply> {
    /// How to read its payload.
    pub fn decoder(&self) -> Decoder<C> {
        self.decoder
    }

    /// What to make of what its handler returns.
    pub fn conclusion<W, R, E>(&self, returned: Shape<W, R, E>, failure: fn(&E) -> Failure) -> Conclusion<W, R, E>
    where
        R: ReplyTo<C, Reply>,
    {
        returned.conclusion(R::conclude(self.done), failure)
    }
}

/// What is no command.
#[derive(Debug, Clone, Copy)]
pub struct Unknown<C>(PhantomData<fn() -> C>);

impl<C> Unknown<C> {
    /// Never called.
    pub fn decoder(&self) -> Decoder<C> {
        |_| Err(Failure::permanent("REFUSED", "this handler did not compile"))
    }

    /// Never called.
    pub fn conclusion<W, R, E>(&self, returned: Shape<W, R, E>, failure: fn(&E) -> Failure) -> Conclusion<W, R, E> {
        returned.conclusion(|_| Outcome::Done(None), failure)
    }
}

fn decode<C: Command>(context: &Context) -> Result<C, Failure> {
    let delivery = &context.inner.delivery;
    version::read(delivery.version(), &delivery.data)
        .map_err(|error| Failure::permanent("UNDECODABLE", error.to_string()))
}
