//! What a callback may look like.

use std::fmt::Display;

use futures_util::future::BoxFuture;

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
