//! What the tables that `#[process]` writes call.
//!
//! As for handlers, generated code asks what holds for a type: for one that is no command there is a fallback that never
//! runs, because the one place that demands a command has reported it.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{Next, Process, ProcessSpec, Step, prepare};
use crate::{
    handler::call::{Known, Unknown},
    message::{Command, Domain, envelope::PayloadError},
    store::NewCommand,
};

impl<C: Command, Reply: DeserializeOwned> Known<C, Reply> {
    /// What is sent.
    pub fn prepare(&self, command: &C) -> Result<NewCommand, PayloadError> {
        prepare(command)
    }

    /// Reads what its handler returned; nothing, and `null`, are the reply of a command that declares none.
    pub fn learn<R>(&self, reply: Option<&RawValue>) -> serde_json::Result<R>
    where
        R: LearnedFrom<C, Reply>,
    {
        serde_json::from_str(reply.map_or("null", RawValue::get)).map(R::learned)
    }
}

impl<C> Unknown<C> {
    /// Never called.
    pub fn prepare(&self, _: &C) -> Result<NewCommand, PayloadError> {
        unreachable!("this process did not compile")
    }

    /// Never called.
    pub fn learn<R>(&self, _: Option<&RawValue>) -> serde_json::Result<R> {
        unreachable!("this process did not compile")
    }
}

/// That a type is the reply of `C`: a bound rather than an equation, so that a wrong one is reported in these words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the reply of `{C}`",
    label = "expected `{Expected}`, the reply that `{C}` declares",
    note = "take `{Expected}`, or change `reply = ..` in `#[command]` of `{C}`"
)]
pub trait LearnedFrom<C, Expected>: Sized {
    /// The same value.
    fn learned(reply: Expected) -> Self;
}

impl<C, R> LearnedFrom<C, R> for R {
    fn learned(reply: R) -> R {
        reply
    }
}

/// Asks the method `next` of a process what follows the step at this place.
pub fn next<P, D, A>(done: usize, ask: impl FnOnce(D) -> A) -> Next<usize>
where
    P: Process,
    D: StepOf<P, P::Step>,
    A: AnswerOf<P, P::Step>,
{
    ask(D::done(P::Step::ALL[done])).answer().map(Step::index)
}

/// That a type names the steps of `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name the steps of `{P}`",
    label = "expected `{Expected}`",
    note = "write `fn next(&self, done: {Expected}) -> Next<{Expected}>`"
)]
pub trait StepOf<P, Expected>: Sized {
    /// The same value.
    fn done(step: Expected) -> Self;
}

impl<P, S> StepOf<P, S> for S {
    fn done(step: S) -> S {
        step
    }
}

/// That a type says what follows a step of `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what follows a step of `{P}`",
    label = "expected `Next<{Expected}>`",
    note = "write `fn next(&self, done: {Expected}) -> Next<{Expected}>`"
)]
pub trait AnswerOf<P, Expected>: Sized {
    /// The same value.
    fn answer(self) -> Next<Expected>;
}

impl<P, S> AnswerOf<P, S> for Next<S> {
    fn answer(self) -> Self {
        self
    }
}

/// The table of a process that `#[process]` refused; it never runs, for it does not compile.
pub const fn refused_process<P>() -> ProcessSpec<P> {
    ProcessSpec {
        domain: Domain::from_static("refused"),
        name: "",
        aliases: &[],
        deadline: None,
        steps: &[],
        next: None,
    }
}
