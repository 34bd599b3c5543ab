//! What a batch is made of.

use super::{BatchBuilder, Empty};
use crate::{
    bus::IntoCommand,
    message::{Command, Domain},
};

/// What names a batch: a command, for a batch of that command, or a type that stands for several of one domain.
///
/// `#[batch(DebitAccount, CreditAccount)] struct Settlement;` writes the latter, or by hand:
///
/// ```
/// use commandbus::{
///     bus::{BatchKind, BatchMember, CommandExt},
///     message::{Command, CommandSpec, Domain},
/// };
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Debit(u64);
/// #[derive(Serialize, Deserialize)]
/// struct Credit(u64);
/// # impl Command for Debit {
/// #     type Reply = ();
/// #     const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "Debit");
/// # }
/// # impl Command for Credit {
/// #     type Reply = ();
/// #     const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "Credit");
/// # }
///
/// struct Settlement;
/// impl BatchKind for Settlement {
///     const DOMAIN: &'static Domain = &Domain::from_static("payments");
/// }
/// impl BatchMember<Settlement> for Debit {}
/// impl BatchMember<Settlement> for Credit {}
///
/// let batch = Settlement::batch("November").push(Debit(5)).extend([Credit(3), Credit(2)]);
/// # drop(batch);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no batch",
    label = "neither a command nor a batch",
    note = "write `#[command(domain = \"..\")]` on a command, or `#[batch(One, Other)]` on a type of your own"
)]
pub trait BatchKind {
    /// The domain of all its commands.
    const DOMAIN: &'static Domain;

    /// Begins a batch; its name is for people.
    fn batch<'a>(name: impl Into<String>) -> BatchBuilder<'a, Self, Empty>
    where
        Self: Sized,
    {
        BatchBuilder::new(Self::DOMAIN, name.into())
    }
}

impl<C: Command> BatchKind for C {
    const DOMAIN: &'static Domain = &C::SPEC.domain;
}

/// A command that may be in a batch of `B`. The domain of both is the same.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pushed into a batch of `{B}`",
    label = "not a command of this batch",
    note = "for commands of several types name a batch of your own: `#[batch(One, Other)] struct Both;`"
)]
pub trait BatchMember<B: ?Sized>: Command {}

impl<C: Command> BatchMember<C> for C {}

/// What is pushed into a batch of `B`: a command that may be in it, or one
/// [with an id](crate::bus::CommandExt::with_id).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pushed into a batch of `{B}`",
    label = "not a command of this batch",
    note = "for commands of several types name a batch of your own: `#[batch(One, Other)] struct Both;`"
)]
pub trait IntoMember<B: ?Sized>: IntoCommand {}

#[diagnostic::do_not_recommend]
impl<B: ?Sized, M: IntoCommand<Command: BatchMember<B>>> IntoMember<B> for M {}
