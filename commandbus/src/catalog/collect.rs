//! Collects what is linked.

use std::time::Duration;

use super::{Catalog, CommandDescription, HandlerDescription, ProcessDescription, StepDescription, fingerprint};
use crate::{
    handler::{
        CommandEntry, HandlerEntry,
        schema::{Schemas, written},
        set::LinkedSet,
    },
    message::{CommandSpec, Domain},
    process::{ProcessEntry, StepOutline},
};

/// Everything that is linked into this program.
pub fn catalog() -> Catalog {
    let processes: Vec<&ProcessEntry> = inventory::iter::<ProcessEntry>().collect();
    let handlers = handlers();
    let linked = inventory::iter::<CommandEntry>();
    let mut commands: Vec<_> = linked.map(|entry| describe(entry.spec, entry.schemas, &handlers)).collect();
    // Written by hand, and known only by who uses them.
    let handled = handlers.iter().map(|(spec, _)| *spec);
    let steps = processes.iter().flat_map(|process| (process.steps)());
    let sent = steps.flat_map(|step| [Some(step.command), step.undo]).flatten();
    for spec in handled.chain(sent) {
        if !commands.iter().any(|known| (known.domain, known.name) == (name_of(&spec.domain), spec.name)) {
            commands.push(describe(spec, None, &handlers));
        }
    }
    commands.sort_by(|a, b| (a.domain, a.name, &a.fingerprint).cmp(&(b.domain, b.name, &b.fingerprint)));
    let mut processes: Vec<ProcessDescription> = processes.into_iter().map(describe_process).collect();
    processes.sort_by(|a, b| (a.domain, a.name, &a.fingerprint).cmp(&(b.domain, b.name, &b.fingerprint)));
    Catalog { commands, processes }
}

/// A handler with its command.
type Handled = (&'static CommandSpec, HandlerDescription);

/// Functions, and the methods of sets, in the order of their paths.
fn handlers() -> Vec<Handled> {
    let functions = inventory::iter::<HandlerEntry>().map(|entry| describe_handler(entry, None));
    let sets = inventory::iter::<LinkedSet>();
    let methods =
        sets.flat_map(|set| (set.entries)().into_iter().map(|entry| describe_handler(&entry, Some(set.name))));
    let mut handlers: Vec<Handled> = functions.chain(methods).collect();
    handlers.sort_unstable_by_key(|(_, handler)| *handler);
    handlers
}

fn describe_handler<F>(entry: &HandlerEntry<F>, set: Option<&'static str>) -> Handled {
    (entry.command, HandlerDescription { path: entry.name, set, file: entry.file, line: entry.line })
}

fn describe(spec: &'static CommandSpec, schemas: Option<Schemas>, handlers: &[Handled]) -> CommandDescription {
    let payload = schemas.and_then(|schemas| written(schemas.payload));
    let reply = schemas.filter(|_| spec.keeps_reply).and_then(|schemas| written(schemas.reply));
    let ours = handlers.iter().filter(|(handled, _)| handled.domain == spec.domain && handled.name == spec.name);
    let handlers = ours.map(|(_, handler)| *handler).collect();
    CommandDescription {
        domain: name_of(&spec.domain),
        name: spec.name,
        aliases: spec.aliases,
        version: spec.version,
        upcasts_from: spec.upcasts_from(),
        max_attempts: spec.max_attempts,
        backoff: spec.backoff().schedule().iter().copied().map(text).collect(),
        timeout: spec.timeout.map(text),
        sensitive: spec.sensitive,
        declares_reply: spec.keeps_reply,
        fingerprint: fingerprint::of_command(spec, payload.as_ref(), reply.as_ref()),
        payload,
        reply,
        handlers,
    }
}

fn describe_process(entry: &ProcessEntry) -> ProcessDescription {
    let steps: Vec<StepDescription> = (entry.steps)().into_iter().map(describe_step).collect();
    ProcessDescription {
        domain: name_of(entry.domain),
        name: entry.name,
        aliases: entry.aliases,
        deadline: entry.deadline.map(text),
        fingerprint: fingerprint::of_process(entry, &steps),
        steps,
    }
}

fn describe_step(step: StepOutline) -> StepDescription {
    let command = |spec: &CommandSpec| format!("{}.{}", spec.domain, spec.name);
    StepDescription {
        name: step.name,
        aliases: step.aliases,
        group: step.group,
        command: command(step.command),
        timeout: step.timeout.map(text),
        undo: step.undo.map(command),
    }
}

fn name_of(domain: &'static Domain) -> &'static str {
    domain.as_str()
}

/// As one would write it in an attribute.
fn text(duration: Duration) -> String {
    format!("{duration:?}")
}
