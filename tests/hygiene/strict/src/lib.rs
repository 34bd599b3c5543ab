//! A user who denies every lint: what the macros write must not be held to them.

#![deny(
    warnings,
    future_incompatible,
    keyword_idents,
    let_underscore,
    nonstandard_style,
    refining_impl_trait,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    unused,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_ascii_idents,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::cargo,
    clippy::restriction
)]
#![forbid(unsafe_code)]
// These deny the rest of the list, the manifests of others, or ordinary Rust.
#![allow(
    clippy::blanket_clippy_restriction_lints,
    clippy::cargo_common_metadata,
    clippy::multiple_crate_versions,
    clippy::implicit_return,
    clippy::question_mark_used,
    clippy::min_ident_chars,
    clippy::absolute_paths,
    clippy::arbitrary_source_item_ordering,
    clippy::single_call_fn,
    clippy::missing_const_for_fn,
    reason = "not about what the macros write"
)]

use commandbus::prelude::{Command as _, Context, Deserialize, HandlerError, Next, Process as _, Serialize, State};

/// A command.
#[commandbus::command(domain = "hygiene_strict", reply = u64, timeout = "30s", backoff = "10s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DebitAccount {
    /// What it is paid with.
    #[command(sensitive)]
    pub card: String,
}

/// Why nothing was debited.
#[derive(Debug, Clone, Copy, HandlerError)]
#[non_exhaustive]
pub enum DebitError {
    /// There is nothing left.
    #[business_rule(code = "NO_FUNDS")]
    NoFunds,
}

impl core::fmt::Display for DebitError {
    #[inline]
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no funds")
    }
}

/// Debits.
///
/// # Errors
///
/// When there is nothing left.
#[commandbus::handler]
#[inline]
pub async fn debit_account(
    command: DebitAccount,
    context: Context,
    State(balance): State<u64>,
) -> Result<u64, DebitError> {
    drop((command, context));
    core::future::ready(()).await;
    balance.checked_sub(1).ok_or(DebitError::NoFunds)
}

/// A process, all of whose steps begin alike.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transfer {
    /// What is left.
    pub balance: u64,
}

#[commandbus::process(domain = "hygiene_strict", steps = [debit_one, debit_two], deadline = "1h")]
impl Transfer {
    /// Debits.
    #[step(timeout = "30s")]
    fn debit_one(&self) -> DebitAccount {
        DebitAccount { card: self.balance.to_string() }
    }

    /// Has debited.
    #[on(debit_one)]
    const fn debited(&mut self, reply: u64) {
        self.balance = reply;
    }

    /// Debits once more.
    #[undo(debit_one)]
    fn credit(&self) -> DebitAccount {
        self.debit_one()
    }

    /// Debits.
    fn debit_two(&self) -> DebitAccount {
        self.debit_one()
    }

    /// Repeats itself.
    const fn next(&self, done: TransferStep) -> Next<TransferStep> {
        if self.balance == 0 { Next::Step(done) } else { Next::Continue }
    }
}

/// What a worker takes.
#[must_use]
#[inline]
pub fn handlers() -> commandbus::handler::HandlerList {
    commandbus::handlers![debit_account]
}

/// What they are called.
#[must_use]
#[inline]
pub fn names() -> [&'static str; 2] {
    [DebitAccount::SPEC.name, Transfer::SPEC.name]
}
