//! The machine, on tables that the tests make and on what a database would keep of a process.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Action, Next, Process, ProcessSpec, Step, StepSpec,
    route::{IncomingReply, Reaction, Routed},
    sending::{new_process_of, prepare},
};
use crate::{
    message::{
        Command, CommandId, CommandSpec, Outcome, ProcessId, ProcessStatus, Reply, StepRole, envelope::PayloadError,
    },
    store::{
        NewCommand,
        process::{NewStep, StrayReplyReason},
    },
    testing::Ledger,
};

mod back;
mod faults;
mod folding;
mod forward;
mod properties;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const TIMEOUT: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(3600);

/// What every step sends; which one it is says the record.
#[derive(Debug, Serialize, Deserialize)]
struct Act {
    heard: usize,
}

impl Command for Act {
    type Reply = String;
    const SPEC: &'static CommandSpec = &CommandSpec::new("work", "Act").with_max_attempts(7).with_reply();
}

/// A process that keeps what it hears, and branches as it was told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Scripted {
    heard: Vec<String>,
    /// What follows once so many replies were heard.
    branches: Vec<Branch>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Branch {
    Continue,
    Step(usize),
    Finish,
    Undo,
}

impl Scripted {
    /// After `count` replies it goes there.
    fn branching(branches: &[(usize, Branch)]) -> Self {
        let mut script = Self::default();
        for (count, branch) in branches {
            script.branches.resize(script.branches.len().max(count + 1), Branch::Continue);
            script.branches[*count] = *branch;
        }
        script
    }

    fn act(&self) -> Result<NewCommand, PayloadError> {
        prepare(&Act { heard: self.heard.len() })
    }

    fn hear(&mut self, result: Option<&RawValue>) -> serde_json::Result<()> {
        let words: String = serde_json::from_str(result.map_or("null", RawValue::get))?;
        assert!(words != "panic", "these words are too much");
        self.heard.push(words);
        Ok(())
    }

    fn next(&self, _: usize) -> Next<usize> {
        match self.branches.get(self.heard.len()).copied().unwrap_or(Branch::Continue) {
            Branch::Continue => Next::Continue,
            Branch::Step(step) => Next::Step(step),
            Branch::Finish => Next::Finish,
            Branch::Undo => Next::undo("CHANGED_MIND", "it\0changed its mind"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Nth(usize);

impl Step for Nth {
    const ALL: &'static [Self] = &[Self(0)];

    fn index(self) -> usize {
        self.0
    }
}

impl Process for Scripted {
    type Step = Nth;
    const SPEC: &'static ProcessSpec<Self> =
        &ProcessSpec::new("flows", "Scripted", &[StepSpec::new("a", 0, ACT)]).with_aliases(&["Written"]);
}

const ACT: Action<Scripted> = Action::new::<Act>(Scripted::act);

/// A table: for each step its group, and whether it has an undo.
fn table(steps: &[(usize, bool)]) -> &'static ProcessSpec<Scripted> {
    let step = |(at, (group, has_undo)): (usize, &(usize, bool))| {
        let step = StepSpec::new(NAMES[at], *group, ACT).with_on(Scripted::hear).with_timeout(TIMEOUT);
        if *has_undo { step.with_undo(ACT) } else { step }
    };
    let steps: Vec<_> = steps.iter().enumerate().map(step).collect();
    let spec = ProcessSpec::new("flows", "Scripted", Vec::leak(steps)).with_deadline(DEADLINE);
    Box::leak(Box::new(spec.with_next(Scripted::next)))
}

/// One step after the other, each with an undo.
fn row(length: usize) -> &'static ProcessSpec<Scripted> {
    table(&(0..length).map(|at| (at, true)).collect::<Vec<_>>())
}

/// A process on its way.
struct Run(Ledger<Scripted>);

impl Run {
    fn start(spec: &'static ProcessSpec<Scripted>) -> Self {
        Self::of(spec, &Scripted::default())
    }

    fn of(spec: &'static ProcessSpec<Scripted>, state: &Scripted) -> Self {
        Self(Ledger::new(spec, new_process_of(spec, ProcessId::new(), state).unwrap()))
    }

    /// The command without a reply that has this name: `b`, or `-b` where it takes `b` back.
    fn in_flight(&self, name: &str) -> CommandId {
        let found = self.0.in_flight().find(|sent| name_of(sent) == name);
        found.unwrap_or_else(|| panic!("`{name}` is not in flight: {:?}", self.waiting())).command.command_id
    }

    fn reply(&mut self, command_id: CommandId, outcome: Outcome) -> IncomingReply {
        let process_id = self.0.record.process_id;
        let text = match outcome {
            Outcome::Success => r#""result":"well""#,
            Outcome::Failed => r#""error_code":"NO","error_message":"no""#,
            Outcome::Canceled => r#""reason":"not today""#,
        };
        let outcome = serde_json::to_string(&outcome).unwrap();
        self.message(&format!(
            r#"{{"command_id":"{command_id}","correlation_id":"{process_id}","outcome":{outcome},{text}}}"#
        ))
    }

    /// A success that says this.
    fn saying(&mut self, name: &str, result: &str) -> IncomingReply {
        let command_id = self.in_flight(name);
        self.message(&format!(r#"{{"command_id":"{command_id}","outcome":"SUCCESS","result":{result}}}"#))
    }

    fn message(&mut self, json: &str) -> IncomingReply {
        let reply: Reply = serde_json::from_str(json).unwrap();
        IncomingReply { msg_id: self.0.next_message(), reply }
    }

    fn answer(&mut self, name: &str, outcome: Outcome) -> &mut Self {
        let command_id = self.in_flight(name);
        let reply = self.reply(command_id, outcome);
        let routed = self.0.route(&[reply], false);
        assert!(matches!(routed.replies[..], [Reaction::Taken]), "{routed:?}");
        self
    }

    fn succeed(&mut self, names: &[&str]) -> &mut Self {
        for name in names {
            self.answer(name, Outcome::Success);
        }
        self
    }

    fn time_out(&mut self, name: &str) -> Routed {
        let late = self.in_flight(name);
        self.0.record_of(late).unwrap().is_overdue = true;
        self.0.route(&[], true)
    }

    fn pass_deadline(&mut self) -> Routed {
        self.0.record.is_overdue = true;
        self.0.route(&[], true)
    }

    /// Everything that was sent, as in `a b -b -a`.
    fn sent(&self) -> String {
        self.0.sent.iter().map(name_of).collect::<Vec<_>>().join(" ")
    }

    fn waiting(&self) -> String {
        self.0.in_flight().map(name_of).collect::<Vec<_>>().join(" ")
    }

    fn status(&self) -> ProcessStatus {
        self.0.record.status
    }

    fn code(&self) -> Option<&str> {
        self.0.record.cause.as_ref().map(|(code, _)| code.as_str())
    }

    fn heard(&self) -> Vec<String> {
        serde_json::from_str::<Scripted>(self.0.record.state.get()).unwrap().heard
    }
}

fn name_of(sent: &NewStep) -> String {
    let sign = if sent.role == StepRole::Step { "" } else { "-" };
    format!("{sign}{}", sent.step_name)
}

fn is_stray(routed: &Routed, reason: StrayReplyReason) -> bool {
    routed.turn.is_none() && matches!(routed.replies[..], [Reaction::Stray(found)] if found == reason)
}
