//! What a handler returned, told apart by its type: a reply, or a `Result` of one.
//!
//! A generic function cannot ask whether its type is a `Result`. Generated code can, for it knows the written type: a
//! constant of `Returned<Result<R, E>>` itself goes before that of a trait, which any `Returned<W>` has.

use std::{convert::Infallible, marker::PhantomData};

use serde_json::value::to_raw_value;

use super::{Outcome, call::Decoder, classify::ErrorOf};
use crate::message::{Command, Failure};

/// The written return type of a handler.
#[derive(Debug)]
pub struct Returned<W>(PhantomData<fn() -> W>);

/// A written return type `W` as a result of reply and error.
#[derive(Debug)]
pub struct Shape<W, R, E> {
    split: fn(W) -> Result<R, E>,
}

impl<R, E> Returned<Result<R, E>> {
    /// First: a `Result`, as it is.
    pub const SHAPE: Shape<Result<R, E>, R, E> = Shape { split: |result| result };
}

/// Else: a reply that cannot fail.
pub trait PlainReturn<W> {
    /// Always `Ok`.
    const SHAPE: Shape<W, W, Infallible> = Shape { split: Ok };
}

impl<W> PlainReturn<W> for Returned<W> {}

impl<W, R, E> Shape<W, R, E> {
    /// Its error type, to be classified.
    pub fn error(&self) -> ErrorOf<E> {
        ErrorOf::new()
    }

    pub(super) fn conclusion<C>(
        self,
        decoder: Decoder<C>,
        done: fn(R) -> Outcome,
        failure: fn(&E) -> Failure,
    ) -> Conclusion<C, W, R, E> {
        Conclusion { decoder, split: self.split, done, failure }
    }
}

/// How to read a payload, and what to make of the value that is returned for it.
#[derive(Debug)]
pub struct Conclusion<C, W, R, E> {
    pub(super) decoder: Decoder<C>,
    split: fn(W) -> Result<R, E>,
    done: fn(R) -> Outcome,
    failure: fn(&E) -> Failure,
}

impl<C, W, R, E> Conclusion<C, W, R, E> {
    pub(super) fn of(self, written: W) -> Outcome {
        match (self.split)(written) {
            Ok(reply) => (self.done)(reply),
            Err(error) => Outcome::Failed((self.failure)(&error)),
        }
    }
}

pub(crate) fn done<C: Command>(reply: C::Reply) -> Outcome {
    if !C::SPEC.keeps_reply {
        return Outcome::Done(None);
    }
    to_raw_value(&reply).map(|reply| Outcome::Done(Some(reply))).unwrap_or_else(|error| {
        Outcome::Failed(Failure::permanent(
            "REPLY_NOT_SERIALIZABLE",
            format!("the reply of `{}` cannot be written as JSON: {error}", C::SPEC.name),
        ))
    })
}

/// That a type is the reply of `C`: a bound rather than an equation, so that a wrong one is reported in these words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the reply of `{C}`",
    label = "expected `{Expected}`, the reply that `{C}` declares",
    note = "return `{Expected}` or `Result<{Expected}, E>`, or change `reply = ..` in `#[command]` of `{C}`"
)]
pub trait ReplyTo<C, Expected>: Sized {
    /// What is done with the declared type is done with this one.
    fn conclude(done: fn(Expected) -> Outcome) -> fn(Self) -> Outcome;
}

impl<C, R> ReplyTo<C, R> for R {
    fn conclude(done: fn(R) -> Outcome) -> fn(R) -> Outcome {
        done
    }
}
