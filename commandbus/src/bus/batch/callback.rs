//! What a callback may look like.

use std::fmt::Display;

use futures_util::future::BoxFuture;

use crate::{bus::completion::Callback, message::BatchMetadata};

/// What a callback of a batch returns: a future.
///
/// `O` is the output of the future. It makes the compiler name this trait instead of `Future` when a callback is not
/// async.
#[diagnostic::on_unimplemented(
    message = "the callback of a batch must be async",
    label = "this callback returns `{Self}`",
    note = "write `|batch| async move {{ .. }}`, or name an `async fn` that takes a `BatchMetadata`"
)]
pub trait CallbackFuture<O> {
    /// Runs it; an error comes as text for the log.
    fn outcome(self) -> BoxFuture<'static, Result<(), String>>
    where
        Self: Send + 'static,
        O: CallbackOutput;
}

#[diagnostic::do_not_recommend]
impl<F: Future<Output = O>, O> CallbackFuture<O> for F {
    fn outcome(self) -> BoxFuture<'static, Result<(), String>>
    where
        Self: Send + 'static,
        O: CallbackOutput,
    {
        Box::pin(async move { self.await.logged() })
    }
}

/// What a callback of a batch ends in: `()`, or `Result<(), E>` where `E` can be logged.
#[diagnostic::on_unimplemented(
    message = "the callback of a batch ends in `()` or `Result<(), E>`",
    label = "this callback ends in `{Self}`",
    note = "an error is logged, so `E` is `Display`; end with `Ok(())`, or with nothing"
)]
pub trait CallbackOutput {
    /// An error as text for the log.
    fn logged(self) -> Result<(), String>;
}

impl CallbackOutput for () {
    fn logged(self) -> Result<(), String> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Display> CallbackOutput for Result<(), E> {
    fn logged(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

/// A callback that can be called on any thread, and its future: both are `Send`.
///
/// One bound for both, because what a callback captures is in its future too: that is one mistake. The future stands
/// first: rustc reports the bound at an argument whose type it begins with, which would tell the two apart.
#[diagnostic::on_unimplemented(
    message = "the callback of a batch runs on any thread, and this one stays on its own",
    label = "this callback is not `Send`",
    note = "it captures a value that is not `Send`, or keeps one across an `.await`: write `Arc` in place of `Rc`, and end \
            the scope of what is only needed before the `.await`"
)]
pub trait OnAnyThread {
    /// The callback.
    type Callback;
    /// What it returns.
    type Future;

    /// As it is kept until the batch has ended.
    fn boxed<O>(callback: Self::Callback) -> Callback
    where
        Self::Callback: FnOnce(BatchMetadata) -> Self::Future + 'static,
        Self::Future: CallbackFuture<O> + 'static,
        O: CallbackOutput;
}

#[diagnostic::do_not_recommend]
impl<Fut: Send, F: Send> OnAnyThread for (Fut, F) {
    type Callback = F;
    type Future = Fut;

    fn boxed<O>(callback: F) -> Callback
    where
        F: FnOnce(BatchMetadata) -> Fut + 'static,
        Fut: CallbackFuture<O> + 'static,
        O: CallbackOutput,
    {
        Box::new(|batch| callback(batch).outcome())
    }
}
