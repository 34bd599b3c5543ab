//! Which handler gets which command, and everything that is wrong with that, before the first message.

use std::collections::{HashMap, HashSet};

use super::{Callable, CommandEntry, HandlerEntry, IntoHandlers, Need, Resources};
use crate::message::{CommandSpec, Domain};

mod fault;
#[cfg(test)]
mod tests;

pub use fault::{Place, WiringError, WiringFault};

/// What a worker is made of, to be checked.
#[derive(Debug, Clone)]
pub struct Wiring {
    domain: Domain,
    resources: Resources,
    /// `None`: those linked into the program.
    listed: Option<Vec<HandlerEntry<Callable>>>,
    partial: bool,
    idle: bool,
    transactions: bool,
}

impl Wiring {
    /// A worker of `domain` with every handler of it that is linked into the program.
    pub fn new(domain: Domain, resources: Resources) -> Self {
        Self { domain, resources, listed: None, partial: false, idle: false, transactions: true }
    }

    /// Adds handlers by hand; once there are such, linked ones are not looked for.
    #[must_use]
    pub fn handlers(mut self, handlers: impl IntoHandlers) -> Self {
        self.listed.get_or_insert_default().extend(handlers.into_handlers().0);
        self
    }

    /// Allows commands of the domain without a handler here.
    #[must_use]
    pub fn partial(mut self, partial: bool) -> Self {
        self.partial = partial;
        self
    }

    /// Allows a worker without any handler, for a domain that has something else to do.
    #[must_use]
    pub fn idle(mut self, idle: bool) -> Self {
        self.idle = idle;
        self
    }

    /// Says whether the bus can give a handler a `Tx`.
    #[must_use]
    pub fn transactions(mut self, available: bool) -> Self {
        self.transactions = available;
        self
    }

    /// The registry, or every fault at once.
    ///
    /// # Errors
    ///
    /// When there is at least one fault.
    pub fn check(&self) -> Result<Registry, WiringError> {
        self.check_against(inventory::iter::<CommandEntry>())
    }

    fn check_against<'a>(&self, commands: impl IntoIterator<Item = &'a CommandEntry>) -> Result<Registry, WiringError> {
        let mut commands: Vec<&CommandEntry> =
            commands.into_iter().filter(|command| command.spec.domain == self.domain).collect();
        commands.sort_by_key(|command| (command.file, command.line));
        let handlers = self.entries();

        let mut faults = Vec::new();
        self.find_strangers(&handlers, &mut faults);
        find_namesakes(&commands, &mut faults);
        let registry = Registry::of(&handlers, &mut faults);
        if handlers.is_empty() && !self.idle {
            faults.push(self.no_handlers());
        } else if !self.partial {
            find_unhandled(&commands, &registry, &mut faults);
        }
        for handler in &handlers {
            self.find_unmet_needs(handler, &mut faults);
        }
        if faults.is_empty() { Ok(registry) } else { Err(WiringError { domain: self.domain.clone(), faults }) }
    }

    /// In the order of the source, since what is linked has none.
    fn entries(&self) -> Vec<HandlerEntry<Callable>> {
        let mut entries = self.listed.clone().unwrap_or_else(|| {
            let linked = inventory::iter::<HandlerEntry>().filter(|handler| handler.command.domain == self.domain);
            linked.map(HandlerEntry::callable).collect()
        });
        entries.sort_by_key(|handler| (handler.file, handler.line));
        entries
    }

    fn no_handlers(&self) -> WiringFault {
        match self.listed {
            Some(_) => WiringFault::EmptyList,
            None => WiringFault::NothingLinked { domain: self.domain.clone() },
        }
    }

    fn find_strangers(&self, handlers: &[HandlerEntry<Callable>], faults: &mut Vec<WiringFault>) {
        for handler in handlers.iter().filter(|handler| handler.command.domain != self.domain) {
            faults.push(WiringFault::OtherDomain {
                handler: Place::of(handler),
                command: handler.command.name,
                domain: handler.command.domain.clone(),
            });
        }
    }

    fn find_unmet_needs(&self, handler: &HandlerEntry<Callable>, faults: &mut Vec<WiringFault>) {
        let mut told = HashSet::new();
        let mut transactions = 0;
        for need in handler.needs() {
            match need {
                Need::State { type_id, type_name } => {
                    if !self.resources.contains(type_id()) && told.insert(type_id()) {
                        faults.push(WiringFault::StateNotProvided { handler: Place::of(handler), ty: type_name() });
                    }
                }
                Need::Transaction => transactions += 1,
            }
        }
        if transactions > 0 && !self.transactions {
            faults.push(WiringFault::NoTransactions { handler: Place::of(handler) });
        }
        if transactions > 1 {
            faults.push(WiringFault::TwoTransactions { handler: Place::of(handler) });
        }
    }
}

fn find_namesakes(commands: &[&CommandEntry], faults: &mut Vec<WiringFault>) {
    let mut known: HashMap<&str, Place> = HashMap::new();
    for command in commands {
        for name in names(command.spec) {
            let place = Place { name: command.spec.name, file: command.file, line: command.line };
            if let Some(first) = known.insert(name, place) {
                faults.push(WiringFault::TwoCommands { name, first, second: place });
            }
        }
    }
}

fn find_unhandled(commands: &[&CommandEntry], registry: &Registry, faults: &mut Vec<WiringFault>) {
    for command in commands.iter().filter(|command| registry.find(command.spec.name).is_none()) {
        let place = Place { name: command.spec.name, file: command.file, line: command.line };
        let linked = inventory::iter::<HandlerEntry>().find(|handler| is_of(handler, command.spec));
        faults.push(match linked {
            Some(handler) => WiringFault::NotListed { command: place, handler: Place::of(handler) },
            None => WiringFault::NotHandled { command: place },
        });
    }
}

fn is_of(handler: &HandlerEntry, command: &CommandSpec) -> bool {
    handler.command.domain == command.domain && handler.command.name == command.name
}

fn names(spec: &'static CommandSpec) -> impl Iterator<Item = &'static str> {
    std::iter::once(spec.name).chain(spec.aliases.iter().copied())
}

/// Which handler gets which command.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    handlers: Vec<HandlerEntry<Callable>>,
    by_name: HashMap<&'static str, usize>,
}

impl Registry {
    fn of(handlers: &[HandlerEntry<Callable>], faults: &mut Vec<WiringFault>) -> Self {
        let mut registry = Self::default();
        for handler in handlers {
            // Two handlers that share several names are one fault.
            let mut told = false;
            for name in names(handler.command) {
                let Some(first) = registry.find(name).map(Place::of) else {
                    registry.by_name.insert(name, registry.handlers.len());
                    continue;
                };
                if !std::mem::replace(&mut told, true) {
                    faults.push(WiringFault::TwoHandlers { command: name, first, second: Place::of(handler) });
                }
            }
            registry.handlers.push(handler.clone());
        }
        registry
    }

    /// The handler for a command that travels under this name, which may be an alias.
    pub fn find(&self, command_type: &str) -> Option<&HandlerEntry<Callable>> {
        self.by_name.get(command_type).map(|at| &self.handlers[*at])
    }

    /// All handlers, in the order of the source.
    pub fn handlers(&self) -> &[HandlerEntry<Callable>] {
        &self.handlers
    }
}
