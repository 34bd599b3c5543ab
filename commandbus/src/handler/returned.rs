//! What a handler returned, told apart by its type: a reply, or a `Result` of one.
//!
//! A generic function cannot ask whether its type is a `Result`. Generated code can, for it knows the written type:
//! method lookup tries `&&Returned<W>` first and finds the method for `Result`, and only else that for any `W`.

use std::{convert::Infallible, marker::PhantomData};

use serde_json::value::to_raw_value;

use super::{Outcome, classify::ErrorOf};
use crate::message::{Command, Failure};

/// The written return type of a handler.
#[derive(Debug)]
pub struct Returned<W>(PhantomData<fn() -> W>);

impl<W> Returned<W> {
    #[allow(clippy::new_without_default, reason = "generated code names it, nothing else")]
    /// Stands for a type; there is nothing in it.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// A written return type `W` as a result of reply and error.
#[derive(Debug)]
pub struct Shape<W, R, E> {
    split: fn(W) -> Result<R, E>,
}

/// First: a `Result`.
pub trait ResultReturn<R, E> {
    /// As it is.
    fn shape(&self) -> Shape<Result<R, E>, R, E>;
}

impl<R, E> ResultReturn<R, E> for &Returned<Result<R, E>> {
    fn shape(&self) -> Shape<Result<R, E>, R, E> {
        Shape { split: |result| result }
    }
}

/// Else: a reply that cannot fail.
pub trait PlainReturn<W> {
    /// Always `Ok`.
    fn shape(&self) -> Shape<W, W, Infallible>;
}

impl<W> PlainReturn<W> for Returned<W> {
    fn shape(&self) -> Shape<W, W, Infallible> {
        Shape { split: Ok }
    }
}

impl<W: 'static, R: 'static, E: 'static> Shape<W, R, E> {
    /// Its error type, to be classified.
    pub fn error(&self) -> ErrorOf<E> {
        ErrorOf::new()
    }

    /// What to make of a returned value, for a handler of `C`.
    pub fn replies_to<C: Command>(self, failure: fn(&E) -> Failure) -> impl FnOnce(W) -> Outcome + Send + 'static
    where
        R: ReplyTo<C, C::Reply>,
    {
        move |written| match (self.split)(written) {
            Ok(reply) => done::<C>(&reply.into_reply()),
            Err(error) => Outcome::Failed(failure(&error)),
        }
    }
}

fn done<C: Command>(reply: &C::Reply) -> Outcome {
    if !C::SPEC.keeps_reply {
        return Outcome::Done(None);
    }
    to_raw_value(reply).map(|reply| Outcome::Done(Some(reply))).unwrap_or_else(|error| {
        Outcome::Failed(Failure::permanent(
            "REPLY_NOT_SERIALIZABLE",
            format!("the reply of `{}` cannot be written as JSON: {error}", C::SPEC.name),
        ))
    })
}

/// That a type is the reply of `C`. It is its own conversion, and a bound rather than an equation, so that a wrong
/// reply is reported in these words and once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the reply of `{C}`",
    label = "expected `{Expected}`, the reply that `{C}` declares",
    note = "return `{Expected}` or `Result<{Expected}, E>`, or change `reply = ..` in `#[command]` of `{C}`"
)]
pub trait ReplyTo<C, Expected> {
    /// The same value, by the name of the declared type.
    fn into_reply(self) -> Expected;
}

impl<C, R> ReplyTo<C, R> for R {
    fn into_reply(self) -> R {
        self
    }
}
