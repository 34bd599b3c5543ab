//! What a callback may look like.

use std::fmt::Display;

use futures_util::future::BoxFuture;

/// What a callback of a batch returns: a future of `()` or of `Result<(), E>`, where `E` can be logged.
///
/// `O` is the output of the future. It tells the two kinds apart, and makes the compiler name this trait instead of
/// `Future` when a callback is not async.
#[diagnostic::on_unimplemented(
    message = "the callback of a batch must be async",
    label = "this callback returns `{Self}`",
    note = "write `|batch| async move {{ .. }}`, or name an `async fn` that takes a `BatchMetadata`; it ends in `()` or \
            `Result<(), E>` with an `E` that is `Display`"
)]
pub trait CallbackFuture<O> {
    /// Runs it; an error comes as text for the log.
    fn outcome(self) -> BoxFuture<'static, Result<(), String>>
    where
        Self: Send + 'static;
}

impl<F: Future<Output = ()>> CallbackFuture<()> for F {
    fn outcome(self) -> BoxFuture<'static, Result<(), String>>
    where
        Self: Send + 'static,
    {
        Box::pin(async move {
            self.await;
            Ok(())
        })
    }
}

impl<F: Future<Output = Result<(), E>>, E: Display> CallbackFuture<Result<(), E>> for F {
    fn outcome(self) -> BoxFuture<'static, Result<(), String>>
    where
        Self: Send + 'static,
    {
        Box::pin(async move { self.await.map_err(|error| format!("{error:#}")) })
    }
}
