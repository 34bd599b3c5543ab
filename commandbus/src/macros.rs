//! The macros, with what their users read.
//!
//! The sections "Expanded code" are snapshots of `tests/tests/expand`, which also writes them: to be read, not to be run,
//! and too long to be shown beside the code in an editor.

/// Makes a struct or an enum a command.
///
/// ```
/// use commandbus::prelude::*;
///
/// #[derive(Serialize, Deserialize)]
/// struct Receipt {
///     balance: i64,
/// }
///
/// #[command(domain = "payments", reply = Receipt, max_attempts = 5, backoff = "10s, 60s, 5m")]
/// #[derive(Serialize, Deserialize)]
/// struct DebitAccount {
///     account: u64,
///     cents: i64,
///     #[command(sensitive)]
///     card_number: String,
/// }
///
/// assert_eq!(DebitAccount::SPEC.name, "DebitAccount");
/// assert_eq!(DebitAccount::SPEC.sensitive, ["card_number"]);
/// ```
///
/// The type itself stays as it is and implements [`Command`](crate::message::Command).
///
/// | argument | says | else |
/// |---|---|---|
/// | `domain = "payments"` | whose queue carries it | required |
/// | `reply = Receipt` | what its handler returns, and senders can wait for | nothing |
/// | `name = "DebitAccount"` | the name it travels under | the type's |
/// | `aliases("Debit", "Charge")` | former names, still accepted | none |
/// | `version = 3` | the version of its payload, which travels in the header `x-commandbus-version` | 1 |
/// | `upcast(1 = Debit::from_v1, 2 = Debit::from_v2)` | the functions that make an older payload the next version's | older ones are parked |
/// | `max_attempts = 5` | how often it is attempted before it is parked | 3 |
/// | `backoff = "10s, 60s, 5m"` | the pauses between attempts, the last one repeating | 10 s, 60 s, 5 min |
/// | `timeout = "30s"` | how long one attempt may take | no limit |
/// | `group_by = account` | the field whose value groups it | no group |
/// | `crate = ::path` | where this library is, if it was renamed or re-exported | `::commandbus` |
///
/// `#[command(sensitive)]` on a field: it is [masked](crate::ops::MASK) wherever people look, by the name that serde
/// writes it under.
///
/// Commands of one domain with the same `group_by` value, whatever their types, run one at a time and in the order they
/// were sent, through retries too; all others run beside them. A parked one holds those behind it until an operator
/// resolves it. The value is text, a number or a bool; `null` is for no group. Sends that are under way at the same time
/// have no order.
///
/// # Versions
///
/// A payload may wait in a queue, or in troubleshooting, while its type changes. With a new version go functions that lead
/// there from the older ones, each to the version after it; they return that, or a `Result` of it:
///
/// ```
/// use commandbus::prelude::*;
///
/// #[derive(Deserialize)]
/// struct DebitV1 {
///     euros: i64,
/// }
///
/// #[command(domain = "payments", version = 2, upcast(1 = Debit::from_v1))]
/// #[derive(Serialize, Deserialize)]
/// struct Debit {
///     cents: i64,
/// }
///
/// impl Debit {
///     fn from_v1(old: DebitV1) -> Result<Self, String> {
///         let cents = old.euros.checked_mul(100).ok_or("more cents than there are")?;
///         Ok(Self { cents })
///     }
/// }
///
/// assert_eq!((Debit::SPEC.version, Debit::SPEC.upcasts_from()), (2, [1].as_slice()));
/// ```
///
/// What an upcast refuses, and what came in a version that none starts from, is parked as `UNDECODABLE`. A version newer
/// than the handler's is treated as an unknown type is: given back for a newer worker, or parked where the worker is told
/// [so](crate::worker::WorkerBuilder::park_unknown_types).
///
/// # Mistakes
///
/// What does not fit does not compile, and is reported where it is written, with what to write instead; several mistakes
/// are reported together, and the type is a command all the same for what uses it. Every mistake of every macro stands
/// with its message in `docs/macro-errors.md` of the repository.
///
/// To `cargo check`, a plain command and its handler add 5 to 6 ms of processor time, where their serde derives and the
/// function cost 14 ms (two shared cores under load, unoptimized macros). `bench/compile-cost` measures it.
///
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("macros/command.md"))]
pub use commandbus_macros::command;

/// Makes an async function the handler of a command: of the type of its first parameter.
///
/// ```
/// use commandbus::prelude::*;
///
/// # #[command(domain = "payments", reply = i64)]
/// # #[derive(Serialize, Deserialize)]
/// # struct DebitAccount { cents: i64 }
/// #[derive(Clone)]
/// struct Ledger {
///     balance: i64,
/// }
///
/// #[derive(Debug, thiserror::Error, HandlerError)]
/// enum DebitError {
///     #[error("insufficient funds")]
///     #[business_rule(code = "INSUFFICIENT_FUNDS")]
///     Insufficient,
/// }
///
/// #[handler]
/// async fn debit_account(
///     command: DebitAccount,
///     context: Context,
///     State(ledger): State<Ledger>,
/// ) -> Result<i64, DebitError> {
///     if command.cents > ledger.balance && context.attempt() == 1 {
///         return Err(DebitError::Insufficient);
///     }
///     Ok(ledger.balance - command.cents)
/// }
/// ```
///
/// After its command a handler takes [`Context`](crate::handler::Context), [`State<T>`](crate::handler::State), one
/// [`Tx`](crate::handler::Tx), and types of your own that implement [`FromContext`](crate::handler::FromContext).
///
/// It returns the reply of the command (nothing, if the command declares none) or a `Result` of it. What an error means
/// for the command is decided by the first of these that its type is:
///
/// 1. a [`HandlerError`](crate::HandlerError), which says so itself;
/// 2. a `std::error::Error`: transient, with the name of the type as its code;
/// 3. `anyhow::Error`, `Box<dyn Error + Send + Sync>` or the like: transient, with the code `ERROR`.
///
/// For the last two the chain of causes is searched first: a `HandlerError` that went through `?` keeps its kind.
///
/// The function stays as it is, to be called in a unit test. Its name also becomes a type, for
/// [`handlers!`](crate::handlers); and it is linked into the program, where every worker of the domain finds it.
///
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("macros/handler.md"))]
pub use commandbus_macros::handler;

/// Makes methods the handlers of a set, which share the fields of one value: what they depend on.
///
/// ```
/// use commandbus::prelude::*;
///
/// # #[command(domain = "payments", reply = i64)]
/// # #[derive(Serialize, Deserialize)]
/// # struct DebitAccount { account: u64, cents: i64 }
/// # #[command(domain = "payments")]
/// # #[derive(Serialize, Deserialize)]
/// # struct CloseAccount { account: u64 }
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("the ledger is closed")]
/// # struct LedgerError;
/// # struct Ledger;
/// # impl Ledger {
/// #     async fn add(&self, _: u64, cents: i64) -> Result<i64, LedgerError> { Ok(cents) }
/// #     async fn close(&self, _: u64, _: u32) {}
/// # }
/// struct Payments {
///     ledger: Ledger,
/// }
///
/// #[handler_set]
/// impl Payments {
///     #[handler]
///     async fn debit(&self, command: DebitAccount) -> Result<i64, LedgerError> {
///         self.ledger.add(command.account, -command.cents).await
///     }
///
///     #[handler]
///     async fn close(&self, command: CloseAccount, context: Context) {
///         self.ledger.close(command.account, context.attempt()).await;
///     }
/// }
///
/// # fn build(bus: &Bus) -> Result<Worker, commandbus::worker::BuildError> {
/// Worker::new(bus, "payments").handlers(Payments { ledger: Ledger }).build()
/// # }
/// ```
///
/// A method with `#[handler]` takes `&self`, then what any [`#[handler]`](macro@crate::handler) takes, and returns what
/// any does; other methods are left alone. The methods stay as they are, to be called in a unit test.
///
/// All calls share one value, at the same time, which is why it is `Send + Sync`; it need not be `Clone`. Nothing of a set
/// is linked into the program by itself, for a worker needs the value: it gets that with
/// [`.handlers(..)`](crate::worker::WorkerBuilder::handlers), called once more for each further set and for a list of
/// functions, `.handlers(handlers![close_month])`. To keep hold of a set, give the worker an `Arc` of it.
///
/// `#[handler_set(crate = ::path)]` says where this library is, if it was renamed or re-exported. `#[cfg]` may stand on the
/// `impl` and on its methods. A command handled twice in one set does not compile.
///
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("macros/handler_set.md"))]
pub use commandbus_macros::handler_set;

/// Makes a struct the name of a batch whose commands are of several types.
///
/// ```
/// use commandbus::prelude::*;
///
/// # #[command(domain = "payments")]
/// # #[derive(Serialize, Deserialize)]
/// # struct DebitAccount { account: u64, cents: i64 }
/// # #[command(domain = "payments")]
/// # #[derive(Serialize, Deserialize)]
/// # struct CreditAccount { account: u64, cents: i64 }
/// #[batch(DebitAccount, CreditAccount)]
/// struct Settlement;
///
/// # async fn settle(bus: &Bus) -> Result<(), commandbus::bus::BatchError> {
/// let batch = Settlement::batch("November")
///     .push(DebitAccount { account: 1, cents: 500 })
///     .extend([2, 3].map(|account| CreditAccount { account, cents: 250 }))
///     .send(bus)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// The struct stays as it is and implements [`BatchKind`](crate::bus::BatchKind); each of the commands is a
/// [`BatchMember`](crate::bus::BatchMember) of it, also one of another crate. They are all of one domain, else it does
/// not compile. A batch of one type needs no name: `DebitAccount::batch("..")`.
///
/// `#[batch(.., crate = ::path)]` says where this library is, if it was renamed or re-exported.
///
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("macros/batch.md"))]
pub use commandbus_macros::batch;

/// Makes a type a business process: a state, and steps that send commands and learn from their replies.
///
/// ```
/// use commandbus::prelude::*;
///
/// # #[derive(Serialize, Deserialize)]
/// # struct FundsReserved { hold: u64 }
/// # #[command(domain = "accounts", reply = FundsReserved)]
/// # #[derive(Serialize, Deserialize)]
/// # struct ReserveFunds { account: u64, cents: i64 }
/// # #[command(domain = "accounts")]
/// # #[derive(Serialize, Deserialize)]
/// # struct ReleaseFunds { hold: Option<u64> }
/// # #[command(domain = "accounts")]
/// # #[derive(Serialize, Deserialize)]
/// # struct CreditAccount { account: u64, cents: i64 }
/// # #[command(domain = "mail")]
/// # #[derive(Serialize, Deserialize)]
/// # struct SendReceipt { account: u64 }
/// #[derive(Serialize, Deserialize)]
/// struct Transfer {
///     from: u64,
///     to: u64,
///     cents: i64,
///     hold: Option<u64>,
/// }
///
/// #[process(domain = "transfers", steps = [reserve, (credit, notify)], deadline = "1h")]
/// impl Transfer {
///     #[step(timeout = "30s", aliases("block"))]
///     fn reserve(&self) -> ReserveFunds {
///         ReserveFunds { account: self.from, cents: self.cents }
///     }
///
///     #[on(reserve)]
///     fn reserved(&mut self, reply: FundsReserved) {
///         self.hold = Some(reply.hold);
///     }
///
///     #[undo(reserve)]
///     fn release(&self) -> ReleaseFunds {
///         ReleaseFunds { hold: self.hold }
///     }
///
///     fn credit(&self) -> CreditAccount {
///         CreditAccount { account: self.to, cents: self.cents }
///     }
///
///     fn notify(&self) -> SendReceipt {
///         SendReceipt { account: self.from }
///     }
///
///     fn next(&self, done: TransferStep) -> Next<TransferStep> {
///         match done {
///             TransferStep::Reserve if self.from == self.to => Next::undo("SAME_ACCOUNT", "nothing to transfer"),
///             _ => Next::Continue,
///         }
///     }
/// }
///
/// let spec = Transfer::SPEC;
/// assert_eq!((spec.domain.as_str(), spec.name), ("transfers", "Transfer"));
/// assert_eq!(spec.steps.iter().map(|step| (step.name, step.group)).collect::<Vec<_>>(), [
///     ("reserve", 0),
///     ("credit", 1),
///     ("notify", 1),
/// ]);
/// ```
///
/// The methods stay as they are, to be called in a unit test, and the type implements
/// [`Process`](crate::process::Process): its table is made of pure functions of the state. Beside it stands an enum of
/// the steps, `TransferStep`, for `next` to name them.
///
/// | argument | says | else |
/// |---|---|---|
/// | `domain = "transfers"` | who keeps the processes and routes their replies | required |
/// | `steps = [reserve, (credit, notify)]` | the methods that are steps, in order; those in parentheses are sent together, and all their replies waited for | required |
/// | `name = "Transfer"` | the name it is stored under | the type's |
/// | `aliases("Payment")` | former names, under which processes may still be stored | none |
/// | `deadline = "1h"` | how long a process may take before it is taken back | no limit |
/// | `crate = ::path` | where this library is, if it was renamed or re-exported | `::commandbus` |
///
/// | method | is |
/// |---|---|
/// | a listed one, `fn reserve(&self) -> ReserveFunds` | a step: it returns the command it sends |
/// | `#[on(reserve)] fn reserved(&mut self, reply: FundsReserved)` | what the process learns from the reply of that step |
/// | `#[undo(reserve)] fn release(&self) -> ReleaseFunds` | what takes that step back when the process fails later |
/// | `fn next(&self, done: TransferStep) -> Next<TransferStep>` | what follows a step, where it is not the one after it: to skip, to branch, to repeat, to finish early, to undo; steps in parentheses are asked for once, by the first of them |
/// | any other | left alone |
///
/// `#[step(timeout = "30s")]` on a step says how long its reply may take before the process is taken back, and
/// `#[step(aliases("block"))]` how it was called when processes that are still under way were stored.
///
/// What does not fit does not compile, and is reported where it is written: a step without a method, a step that returns
/// no command, `#[on]` with something that is not the reply, `#[on]` or `#[undo]` of what is no step, a second one of the
/// same step, a step named `start`, `batch` or `next`. `#[cfg]` goes on the whole `impl`, not on a step: a process may
/// outlive the build that started it.
///
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("macros/process.md"))]
pub use commandbus_macros::process;

/// Says what each variant of an error, or an error that is a struct, means for the command.
///
/// ```
/// use commandbus::{message::FailureKind, prelude::*};
///
/// #[derive(Debug, thiserror::Error, HandlerError)]
/// enum DebitError {
///     #[error("account {0} is closed")]
///     #[permanent(code = "ACCOUNT_CLOSED")] // parked at once, for an operator
///     Closed(u64),
///     #[error("insufficient funds")]
///     #[business_rule(code = "INSUFFICIENT_FUNDS")] // the command ends as failed
///     Insufficient,
///     #[error(transparent)]
///     #[transient(code = "LEDGER")] // retried, then parked
///     Ledger(#[from] std::io::Error),
///     #[error(transparent)]
///     #[inherit] // as the error inside says
///     Other(#[from] Failure),
/// }
///
/// let failure = DebitError::Closed(7).failure();
/// assert_eq!(failure.kind, FailureKind::Permanent);
/// assert_eq!(failure.message, "account 7 is closed");
/// ```
///
/// A variant that does not say what it means does not compile. `#[handler_error(crate = ::path)]` on the type says where
/// this library is, if it was renamed or re-exported.
///
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("macros/handler_error.md"))]
pub use commandbus_macros::HandlerError;

/// The code that the macros of this library make of the items inside, as formatted text: to look at, or to keep in a
/// snapshot.
///
/// ```
/// let code = commandbus::expansion_of! {
///     #[command(domain = "payments")]
///     #[derive(Serialize, Deserialize)]
///     struct DebitAccount;
/// };
/// assert!(code.contains("impl ::commandbus::message::Command for DebitAccount"));
/// ```
pub use commandbus_macros::expansion_of;

/// Lists handlers by the names of their functions, for a worker that should not take every handler linked into the
/// program. A command handled twice in one list does not compile.
///
/// ```
/// use commandbus::prelude::*;
///
/// #[command(domain = "billing")]
/// #[derive(Serialize, Deserialize)]
/// struct CloseMonth {
///     month: String,
/// }
///
/// #[handler]
/// async fn close_month(command: CloseMonth) {
///     let _ = command.month;
/// }
///
/// let list = handlers![close_month];
/// assert_eq!(list.entries().len(), 1);
/// ```
#[macro_export]
macro_rules! handlers {
    ($($handlers:tt)*) => {
        $crate::__private::handlers!(($crate) $($handlers)*)
    };
}
