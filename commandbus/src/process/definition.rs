//! What a process is: a state, and a static table of its steps.

use std::{borrow::Cow, fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    message::{Command, CommandSpec, Domain, envelope::PayloadError},
    store::NewCommand,
};

/// A business process: a value that is its state, and steps that send commands. Written by `#[process(..)]`.
///
/// ```
/// use commandbus::{prelude::*, testing::TestProcess};
///
/// # #[command(domain = "warehouse", reply = u32)]
/// # #[derive(Serialize, Deserialize)]
/// # struct PickGoods { order: u32 }
/// # #[command(domain = "warehouse")]
/// # #[derive(Serialize, Deserialize)]
/// # struct PutBack { shelf: Option<u32> }
/// # #[command(domain = "parcels")]
/// # #[derive(Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// #[derive(Serialize, Deserialize)]
/// struct Shipment {
///     order: u32,
///     shelf: Option<u32>,
/// }
///
/// #[process(domain = "shipping", steps = [pick, print])]
/// impl Shipment {
///     fn pick(&self) -> PickGoods {
///         PickGoods { order: self.order }
///     }
///
///     #[on(pick)]
///     fn picked(&mut self, shelf: u32) {
///         self.shelf = Some(shelf);
///     }
///
///     #[undo(pick)]
///     fn put_back(&self) -> PutBack {
///         PutBack { shelf: self.shelf }
///     }
///
///     fn print(&self) -> PrintLabel {
///         PrintLabel { order: self.order }
///     }
/// }
///
/// # fn main() {
/// TestProcess::start(Shipment { order: 7, shelf: None })
///     .expect::<PickGoods>()
///     .reply(12)
///     .expect::<PrintLabel>()
///     .fails("NO_ADDRESS")
///     .expect::<PutBack>()
///     .with(|back| assert_eq!(back.shelf, Some(12)))
///     .reply(())
///     .canceled();
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a process",
    label = "not a process",
    note = "write `#[process(domain = \"..\", steps = [..])]` on an `impl` of it, and `#[derive(Serialize, Deserialize)]` \
            on its definition"
)]
pub trait Process: Serialize + for<'de> Deserialize<'de> + Send + 'static {
    /// Its steps by name.
    type Step: Step;
    /// The table that it runs from.
    const SPEC: &'static ProcessSpec<Self>;
}

/// The steps of a process by name, in the order of its table.
pub trait Step: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// Its place in the table.
    fn index(self) -> usize;
}

/// The static table of a process type.
pub struct ProcessSpec<P: 'static> {
    /// The domain that keeps it and routes its replies.
    pub domain: Domain,
    /// The name stored as `process_type`.
    pub name: &'static str,
    /// Former names, of which processes may still be under way.
    pub aliases: &'static [&'static str],
    /// How long a process may take before it is taken back (`DEADLINE`).
    pub deadline: Option<Duration>,
    /// Its steps, in order.
    pub steps: &'static [StepSpec<P>],
    /// What follows a step, where the process says so itself; else the step after it in the table.
    pub next: Option<fn(&P, usize) -> Next<usize>>,
}

/// One step.
pub struct StepSpec<P: 'static> {
    /// The name of its method, which is stored.
    pub name: &'static str,
    /// Former names, which may be stored.
    pub aliases: &'static [&'static str],
    /// The number of its group; the steps of a group are sent together and joined, and groups go by their numbers.
    pub group: usize,
    /// How long its reply may take before the process is taken back (`STEP_TIMEOUT`).
    pub timeout: Option<Duration>,
    /// What it sends.
    pub action: Action<P>,
    /// What the process learns from its reply.
    pub on: Option<OnReply<P>>,
    /// What takes it back.
    pub undo: Option<Action<P>>,
}

/// Takes the result of a step's command into the state.
pub type OnReply<P> = fn(&mut P, Option<&RawValue>) -> serde_json::Result<()>;

/// A command that is made from the state of a process.
pub struct Action<P: 'static> {
    /// What is known of the command.
    pub command: &'static CommandSpec,
    /// Makes it, with every option at the default of its type.
    pub prepare: fn(&P) -> Result<NewCommand, PayloadError>,
}

impl<P> ProcessSpec<P> {
    /// A table with every option at its default.
    ///
    /// # Panics
    ///
    /// At compile time, when `domain` is not a valid [`Domain`], or there is no step.
    pub const fn new(domain: &'static str, name: &'static str, steps: &'static [StepSpec<P>]) -> Self {
        assert!(!steps.is_empty(), "a process has at least one step");
        Self { domain: Domain::from_static(domain), name, aliases: &[], deadline: None, steps, next: None }
    }

    /// Sets the former names.
    pub const fn with_aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Sets how long a process may take.
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets what follows a step.
    pub const fn with_next(mut self, next: fn(&P, usize) -> Next<usize>) -> Self {
        self.next = Some(next);
        self
    }

    /// Whether a process of this stored type is one of these.
    pub fn answers_to(&self, process_type: &str) -> bool {
        self.name == process_type || self.aliases.contains(&process_type)
    }

    /// The place of the step with this stored name.
    pub fn step_named(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.name == name || step.aliases.contains(&name))
    }

    /// The domains that its commands go to, each once.
    pub fn command_domains(&self) -> Vec<&'static Domain> {
        let mut domains = Vec::new();
        let actions = self.steps.iter().flat_map(|step| std::iter::once(&step.action).chain(&step.undo));
        for action in actions {
            if !domains.contains(&&action.command.domain) {
                domains.push(&action.command.domain);
            }
        }
        domains
    }
}

impl<P> StepSpec<P> {
    /// A step of a group, with every option at its default.
    pub const fn new(name: &'static str, group: usize, action: Action<P>) -> Self {
        Self { name, aliases: &[], group, timeout: None, action, on: None, undo: None }
    }

    /// Sets the former names.
    pub const fn with_aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Sets how long its reply may take.
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets what the process learns from its reply.
    pub const fn with_on(mut self, on: OnReply<P>) -> Self {
        self.on = Some(on);
        self
    }

    /// Sets what takes it back.
    pub const fn with_undo(mut self, undo: Action<P>) -> Self {
        self.undo = Some(undo);
        self
    }
}

impl<P> Action<P> {
    /// Sends a `C` that is made like this.
    pub const fn new<C: Command>(prepare: fn(&P) -> Result<NewCommand, PayloadError>) -> Self {
        Self { command: C::SPEC, prepare }
    }
}

impl<P> fmt::Debug for ProcessSpec<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessSpec").field("domain", &self.domain).field("name", &self.name).finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for StepSpec<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepSpec").field("name", &self.name).field("group", &self.group).finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for Action<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("command", &self.command.name).finish_non_exhaustive()
    }
}

/// What follows a step that succeeded.
///
/// ```
/// use commandbus::prelude::*;
///
/// # #[command(domain = "warehouse", reply = bool)]
/// # #[derive(Serialize, Deserialize)]
/// # struct Weigh;
/// # #[command(domain = "parcels")]
/// # #[derive(Serialize, Deserialize)]
/// # struct PrintLabel;
/// # #[command(domain = "parcels")]
/// # #[derive(Serialize, Deserialize)]
/// # struct BookPallet;
/// # #[derive(Serialize, Deserialize)]
/// # struct Shipment { heavy: bool }
/// #[process(domain = "shipping_of_heavy_goods", steps = [weigh, print, pallet])]
/// impl Shipment {
/// #     fn weigh(&self) -> Weigh { Weigh }
/// #     fn print(&self) -> PrintLabel { PrintLabel }
/// #     fn pallet(&self) -> BookPallet { BookPallet }
/// #     #[on(weigh)]
/// #     fn weighed(&mut self, heavy: bool) { self.heavy = heavy; }
///     // .. the steps ..
///     fn next(&self, done: ShipmentStep) -> Next<ShipmentStep> {
///         match done {
///             ShipmentStep::Weigh if self.heavy => Next::Step(ShipmentStep::Pallet),
///             ShipmentStep::Print => Next::Finish,
///             _ => Next::Continue,
///         }
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Next<S> {
    /// The step after it in the list; after the last one, the process is COMPLETED.
    #[default]
    Continue,
    /// This step, or the parallel group that it belongs to: to skip, to branch, or to repeat.
    Step(S),
    /// Nothing: the process is COMPLETED.
    Finish,
    /// Everything that was done is taken back, newest first, and the process ends COMPENSATED.
    Undo {
        /// Why, for machines.
        code: Cow<'static, str>,
        /// Why, for people.
        message: String,
    },
}

impl<S> Next<S> {
    /// Takes back everything that was done; code and message are kept with the process.
    pub fn undo(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Undo { code: code.into(), message: message.into() }
    }

    /// The same for steps that are named otherwise.
    pub fn map<T>(self, rename: impl FnOnce(S) -> T) -> Next<T> {
        match self {
            Self::Continue => Next::Continue,
            Self::Step(step) => Next::Step(rename(step)),
            Self::Finish => Next::Finish,
            Self::Undo { code, message } => Next::Undo { code, message },
        }
    }
}
