//! A process of five steps over two domains whose state says what each of its commands is to do.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex},
};

use commandbus::{message::CommandId, prelude::*};
use serde::de::Error as _;
use tokio::sync::Semaphore;

use crate::time::until;

/// What a command is to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Does {
    #[default]
    Succeed,
    /// A business rule.
    Refuse,
    /// A permanent error at first; this once an operator has sent it again.
    Park(Box<Self>),
    /// This, once the test opens the gate of its step.
    Wait(Box<Self>),
}

impl Does {
    pub(crate) fn park() -> Self {
        Self::Park(Box::default())
    }

    pub(crate) fn wait() -> Self {
        Self::Wait(Box::default())
    }

    pub(crate) fn once_let(self) -> Self {
        Self::Wait(Box::new(self))
    }
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) what: String,
}

#[command(domain = "flow_home", reply = Done)]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HomeTask {
    what: String,
    does: Does,
}

#[command(domain = "flow_abroad", reply = Done)]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AbroadTask {
    what: String,
    does: Does,
}

/// An order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// By the name of the step, `-reserve` for what takes `reserve` back.
    script: BTreeMap<String, Does>,
    /// Whether it is taken back after its last step.
    regrets: bool,
    /// What the replies said.
    pub(crate) heard: Vec<String>,
    release: Release,
}

impl Order {
    pub(crate) fn doing(mut self, what: &str, does: Does) -> Self {
        self.script.insert(what.to_owned(), does);
        self
    }

    /// One that is taken back after its last step.
    pub(crate) fn regretted() -> Self {
        Self { regrets: true, ..Self::default() }
    }

    /// One whose state is of another release, until that is deployed.
    pub(crate) fn of_release(name: &str) -> Self {
        Self { release: Release(name.to_owned()), ..Self::default() }
    }

    fn home(&self, what: &str) -> HomeTask {
        HomeTask { what: what.to_owned(), does: self.script.get(what).cloned().unwrap_or_default() }
    }

    fn abroad(&self, what: &str) -> AbroadTask {
        let HomeTask { what, does } = self.home(what);
        AbroadTask { what, does }
    }
}

#[process(domain = "flow_orders", steps = [reserve, debit, (credit, notify), close], deadline = "1h")]
impl Order {
    #[step(timeout = "5m")]
    fn reserve(&self) -> HomeTask {
        self.home("reserve")
    }

    #[undo(reserve)]
    fn release(&self) -> HomeTask {
        self.home("-reserve")
    }

    #[step(timeout = "5m")]
    fn debit(&self) -> AbroadTask {
        self.abroad("debit")
    }

    #[undo(debit)]
    fn refund(&self) -> AbroadTask {
        self.abroad("-debit")
    }

    #[step(timeout = "5m")]
    fn credit(&self) -> HomeTask {
        self.home("credit")
    }

    #[undo(credit)]
    fn discredit(&self) -> HomeTask {
        self.home("-credit")
    }

    #[step(timeout = "5m")]
    fn notify(&self) -> AbroadTask {
        self.abroad("notify")
    }

    #[undo(notify)]
    fn excuse(&self) -> AbroadTask {
        self.abroad("-notify")
    }

    #[step(timeout = "5m")]
    fn close(&self) -> HomeTask {
        self.home("close")
    }

    #[undo(close)]
    fn reopen(&self) -> HomeTask {
        self.home("-close")
    }

    #[on(reserve)]
    #[on(debit)]
    #[on(credit)]
    #[on(notify)]
    #[on(close)]
    fn hear(&mut self, done: Done) {
        self.heard.push(done.what);
    }

    fn next(&self, done: OrderStep) -> Next<OrderStep> {
        match done {
            OrderStep::Close if self.regrets => Next::undo("REGRETTED", "on second thoughts"),
            _ => Next::Continue,
        }
    }
}

/// A process whose only step has no time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Brief {}

#[process(domain = "flow_orders", steps = [reserve])]
impl Brief {
    #[step(timeout = "300ms")]
    #[allow(clippy::unused_self)]
    fn reserve(&self) -> HomeTask {
        HomeTask { what: "reserve".into(), does: Does::Succeed }
    }
}

/// The releases that this program cannot read.
static UNREADABLE: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// What a state says of the program that wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Release(String);

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if UNREADABLE.lock().unwrap().contains(&name) {
            return Err(D::Error::custom("it is of another release"));
        }
        Ok(Self(name))
    }
}

/// From now on this program cannot read such states.
pub(crate) fn withdraw(release: &str) {
    UNREADABLE.lock().unwrap().insert(release.to_owned());
}

/// From now on it can.
pub(crate) fn deploy(release: &str) {
    UNREADABLE.lock().unwrap().remove(release);
}

#[handler]
async fn home_task(
    HomeTask { what, does }: HomeTask,
    at: Context,
    State(stage): State<Stage>,
) -> Result<Done, Failure> {
    stage.act(at.command_id(), what, does).await
}

#[handler]
async fn abroad_task(task: AbroadTask, at: Context, State(stage): State<Stage>) -> Result<Done, Failure> {
    stage.act(at.command_id(), task.what, task.does).await
}

/// What handlers did, and what they wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    calls: Vec<(CommandId, String)>,
    parked: HashSet<CommandId>,
    gates: HashMap<String, Arc<Semaphore>>,
}

impl Stage {
    async fn act(&self, id: CommandId, what: String, mut does: Does) -> Result<Done, Failure> {
        self.0.lock().unwrap().calls.push((id, what.clone()));
        loop {
            does = match does {
                Does::Succeed => return Ok(Done { what }),
                Does::Refuse => return Err(Failure::business_rule("NO_COVER", "there is not enough")),
                Does::Park(then) => {
                    if self.0.lock().unwrap().parked.insert(id) {
                        return Err(Failure::permanent("NO_ACCOUNT", "there is no such account"));
                    }
                    *then
                }
                Does::Wait(then) => {
                    self.gate(&what).acquire().await.expect("it is never closed").forget();
                    *then
                }
            }
        }
    }

    fn gate(&self, what: &str) -> Arc<Semaphore> {
        let gates = &mut self.0.lock().unwrap().gates;
        Arc::clone(gates.entry(what.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    /// Lets so many that wait in this step go on.
    pub(crate) fn open(&self, what: &str, count: usize) {
        self.gate(what).add_permits(count);
    }

    /// How often a command was handled.
    pub(crate) fn calls_of(&self, id: CommandId) -> usize {
        self.0.lock().unwrap().calls.iter().filter(|(called, _)| *called == id).count()
    }

    pub(crate) async fn until_called(&self, id: CommandId) {
        until(async || self.calls_of(id) > 0).await;
    }
}
