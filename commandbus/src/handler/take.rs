//! Taking a handler's parameters, in the order they are written.

use std::future::Future;

use super::{Context, FromContext};
use crate::message::Failure;

/// All parameters of a handler after its command: `((), A)`, `(((), A), B)`, …
pub trait TakeAll: Send + Sized + 'static {
    /// Takes them; the first that cannot be had ends it.
    fn take(context: &Context) -> impl Future<Output = Result<Self, Failure>> + Send;
}

impl TakeAll for () {
    async fn take(_: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

impl<Before: TakeAll, P: FromContext> TakeAll for (Before, P) {
    async fn take(context: &Context) -> Result<Self, Failure> {
        let before = Before::take(context).await?;
        Ok((before, P::from_context(context).await?))
    }
}
