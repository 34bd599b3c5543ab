//! Taking a handler's parameters, in the order they are written.

use std::future::Future;

use super::{Context, FromContext, Need};
use crate::message::Failure;

/// One parameter of a handler, where it is demanded: once, without what `FromContext` itself demands of its types. So it
/// has the same words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that a handler can take",
    label = "not a parameter of a handler",
    note = "after its command a handler takes `Context`, `State<T>` (given with `.provide(..)`), `Tx`, or a type of your \
            own that implements `FromContext`"
)]
pub trait Parameter {
    /// What has to be there for it.
    const NEEDS: &'static [Need];
}

impl<P: FromContext> Parameter for P {
    const NEEDS: &'static [Need] = P::NEEDS;
}

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
