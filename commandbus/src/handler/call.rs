//! One call of a handler: decode, extract, run.

use std::future::Future;

use super::{Context, FromContext, Invocation, Outcome, registry::Call};
use crate::message::{Command, Failure};

/// Calls a handler. Its panics are the caller's to catch.
pub fn call<C, P, W, F>(
    invocation: Invocation,
    handler: impl FnOnce(C, P) -> F + Send + 'static,
    conclude: impl FnOnce(W) -> Outcome + Send + 'static,
) -> Call
where
    C: Command,
    P: Parameters,
    F: Future<Output = W> + Send + 'static,
{
    Box::pin(async move {
        let context = invocation.context;
        let command = match decode::<C>(&context) {
            Ok(command) => command,
            Err(failure) => return Outcome::Undecodable(failure),
        };
        let parameters = match P::take(&context).await {
            Ok(parameters) => parameters,
            Err(failure) => return Outcome::Failed(failure),
        };
        // The handler's parameters are all there is: a `Tx` must not be kept open by us.
        drop(context);
        conclude(handler(command, parameters).await)
    })
}

fn decode<C: Command>(context: &Context) -> Result<C, Failure> {
    serde_json::from_str(context.inner.delivery.data.get())
        .map_err(|error| Failure::permanent("UNDECODABLE", format!("the payload is not a `{}`: {error}", C::SPEC.name)))
}

/// The parameters of a handler after its command, taken in the order they are written: `((), A)`, `(((), A), B)`, …
pub trait Parameters: Sized + Send + 'static {
    /// Takes them; the first that cannot be had ends it.
    fn take(context: &Context) -> impl Future<Output = Result<Self, Failure>> + Send;
}

impl Parameters for () {
    async fn take(_: &Context) -> Result<Self, Failure> {
        Ok(())
    }
}

impl<Before: Parameters, P: FromContext> Parameters for (Before, P) {
    async fn take(context: &Context) -> Result<Self, Failure> {
        let before = Before::take(context).await?;
        Ok((before, P::from_context(context).await?))
    }
}
