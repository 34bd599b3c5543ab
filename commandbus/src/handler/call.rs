//! One call of a handler: decode, extract, run.
//!
//! Here, as in `returned`, generated code asks what holds for a type: for a type that is no command there is a fallback
//! that never runs, because the one place that demands a command has reported it.

use std::{future::Future, marker::PhantomData};

use super::{
    Context, Invocation, Outcome,
    registry::Call,
    returned::{Conclusion, ReplyTo, Shape, done},
    take::TakeAll,
};
use crate::message::{Command, CommandSpec, Failure, version};

/// How to read a payload.
pub type Decoder<C> = fn(&Context) -> Result<C, Failure>;

/// Calls a handler. Its panics are the caller's to catch.
pub fn call<C, T, W, R, E, F>(
    invocation: Invocation,
    decode: Decoder<C>,
    take: T,
    handler: impl FnOnce(C, T::Taken) -> F + Send + 'static,
    conclusion: Conclusion<W, R, E>,
) -> Call
where
    C: Send + 'static,
    T: TakeAll,
    W: 'static,
    R: 'static,
    E: 'static,
    F: Future<Output = W> + Send + 'static,
{
    Box::pin(async move {
        match prepare(invocation, decode, take).await {
            Ok((command, parameters)) => conclusion.of(handler(command, parameters).await),
            Err(outcome) => outcome,
        }
    })
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
