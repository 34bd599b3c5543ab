//! What the error of a handler means for the command, by the first of these that its type is: a `HandlerError`; an
//! `Error`; something that holds one (anyhow, a box).
//!
//! Told apart like the return type in `returned`: one reference for each level, the best match first.

use std::{any::type_name, error::Error, fmt::Display, marker::PhantomData};

use super::probe::find_failure;
use crate::message::{Failure, HandlerError};

/// The error type of a handler.
#[derive(Debug)]
pub struct ErrorOf<E>(PhantomData<fn() -> E>);

impl<E> ErrorOf<E> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

/// First: it knows its kind.
pub trait ClassifiedError<E> {
    /// How to read it.
    fn failure(&self) -> fn(&E) -> Failure;
}

impl<E: HandlerError> ClassifiedError<E> for &&&ErrorOf<E> {
    fn failure(&self) -> fn(&E) -> Failure {
        E::failure
    }
}

/// Second: an ordinary error.
pub trait PlainError<E> {
    /// How to read it.
    fn failure(&self) -> fn(&E) -> Failure;
}

impl<E: Error + 'static> PlainError<E> for &&ErrorOf<E> {
    fn failure(&self) -> fn(&E) -> Failure {
        |error| find_failure(error).unwrap_or_else(|| Failure::transient(last_segment(type_name::<E>()), text(error)))
    }
}

/// Third: it holds an ordinary error.
pub trait OpaqueError<E> {
    /// How to read it.
    fn failure(&self) -> fn(&E) -> Failure;
}

impl<E: AsRef<dyn Error + Send + Sync + 'static>> OpaqueError<E> for &ErrorOf<E> {
    fn failure(&self) -> fn(&E) -> Failure {
        |error| {
            let error: &(dyn Error + 'static) = error.as_ref();
            find_failure(error).unwrap_or_else(|| Failure::transient("ERROR", text(error)))
        }
    }
}

/// Last: none of them, which is reported.
pub trait UnknownError<E> {
    /// Never there.
    fn failure(&self) -> fn(&E) -> Failure
    where
        E: SaysWhatItMeans;
}

impl<E> UnknownError<E> for ErrorOf<E> {
    fn failure(&self) -> fn(&E) -> Failure
    where
        E: SaysWhatItMeans,
    {
        |error| error.failure()
    }
}

/// Only here for its words: a type that has it is a `HandlerError` and was met before.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it means for the command",
    label = "not an error that a handler can return",
    note = "write `#[derive(HandlerError)]` on it; or implement `std::error::Error`, and it is transient; or return \
            `anyhow::Error` or `Box<dyn Error + Send + Sync>`"
)]
pub trait SaysWhatItMeans {
    /// What it means.
    fn failure(&self) -> Failure;
}

/// The message of an error of ours.
pub fn message<E: Display + ?Sized>(error: &E) -> String {
    error.to_string()
}

/// The message of an error and of its causes, as far as it does not repeat them.
fn text(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// `LedgerError` of `payments::ledger::LedgerError<core::option::Option<u8>>`.
fn last_segment(type_name: &'static str) -> &'static str {
    let path = type_name.split('<').next().unwrap_or(type_name);
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::{fmt, io};

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the ledger is closed")]
    struct Closed<T>(#[source] T);

    #[test]
    fn the_code_of_a_plain_error_is_the_name_of_its_type() {
        assert_eq!(last_segment(type_name::<io::Error>()), "Error");
        assert_eq!(last_segment(type_name::<Closed<io::Error>>()), "Closed");
        assert_eq!(last_segment(type_name::<fmt::Error>()), "Error");
    }

    #[test]
    fn causes_are_told_once() {
        let plain = Closed(io::Error::other("disk full"));
        assert_eq!(text(&plain), "the ledger is closed: disk full");

        #[derive(Debug, thiserror::Error)]
        #[error("cannot write: {0}")]
        struct Telling(#[source] io::Error);
        assert_eq!(text(&Telling(io::Error::other("disk full"))), "cannot write: disk full");
    }
}
