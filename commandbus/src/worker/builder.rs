//! What a worker is to be.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    Worker,
    companion::Companion,
    engine::{Engine, Settings},
    settlement::UnknownTypes,
};
use crate::{
    bus::Bus,
    handler::{Handlers, IntoHandlers, Provided, Registry, Resources, Wiring, WiringError},
    message::{Domain, InvalidDomain},
};

/// Describes a worker; made by [`Worker::new`].
///
/// ```
/// # use std::time::Duration;
/// # use commandbus::{prelude::*, worker::BuildError};
/// # #[derive(Clone)]
/// # struct Printer;
/// # fn build(bus: &Bus) -> Result<Worker, BuildError> {
/// Worker::new(bus, "parcels")
///     .provide(Printer) // `State<Printer>` of its handlers
///     .concurrency(20) // handlers at once
///     .grace_period(Duration::from_secs(20)) // how long a shutdown waits for them
///     .build() // or every fault of the wiring at once, each with file and line
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a worker is made by `.build()?`"]
pub struct WorkerBuilder {
    bus: Bus,
    domain: String,
    resources: Resources,
    handlers: Vec<Handlers>,
    partial: bool,
    settings: Settings,
}

impl WorkerBuilder {
    pub(super) fn new(bus: Bus, domain: String) -> Self {
        Self {
            bus,
            domain,
            resources: Resources::default(),
            handlers: Vec::new(),
            partial: false,
            settings: Settings {
                concurrency: 50,
                lease: Duration::from_secs(30),
                poll_interval: Duration::from_secs(2),
                grace_period: Duration::from_secs(30),
                transaction_idle: Duration::from_secs(60),
                unknown_types: UnknownTypes::GiveBack { after: Duration::from_secs(60) },
                companions: true,
            },
        }
    }

    /// Gives handlers a value that they take as `State<T>`, cloned for each command; one for each type.
    pub fn provide<T: Provided>(mut self, value: T) -> Self {
        self.resources.insert(value);
        self
    }

    /// How many commands are handled at once; 50 unless set, at least 1.
    ///
    /// A worker holds up to 400 commands more than it runs while its handlers are quick (so that they never wait for the
    /// database), and none more while they are slow (so that other workers get them).
    pub fn concurrency(mut self, commands: usize) -> Self {
        self.settings.concurrency = commands.max(1);
        self
    }

    /// How long a received command stays hidden from other workers unless it is renewed, which happens at a third of it;
    /// 30 s unless set, at least 1 s. After a crash, a command comes again when its lease has ended.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// How often to look for commands without having been woken: for those whose backoff or delay has ended, and for
    /// lost notifications; 2 s unless set, with jitter of a fifth.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.settings.poll_interval = interval.max(Duration::from_millis(10));
        self
    }

    /// How long shutdown waits for handlers that run before it cancels them; 30 s unless set.
    pub fn grace_period(mut self, period: Duration) -> Self {
        self.settings.grace_period = period;
        self
    }

    /// How long the transaction of a handler may lie idle before the database ends it; 60 s unless set, and at least the
    /// timeout of the command. It bounds what a forgotten transaction can hold up.
    pub fn transaction_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.transaction_idle = timeout.max(Duration::from_secs(1));
        self
    }

    /// Handles with these handlers instead of all that are linked into the program for the domain: a list,
    /// `handlers![debit_account, ..]`, or a [set](crate::handler_set). Called again, it adds to them.
    pub fn handlers(mut self, handlers: impl IntoHandlers) -> Self {
        self.handlers.push(handlers.into_handlers());
        self
    }

    /// Allows commands of the domain to have no handler here; other workers have it.
    pub fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Leaves the replies to processes of the domain to [routers](crate::process::Router) elsewhere.
    pub fn without_router(mut self) -> Self {
        self.settings.companions = false;
        self
    }

    /// Parks commands of a type, or of a newer version of one, that no handler takes, instead of giving them back for a minute at a time.
    pub fn park_unknown_types(mut self) -> Self {
        self.settings.unknown_types = UnknownTypes::Park;
        self
    }

    /// How long commands of a type, or of a newer version of one, that no handler takes are given back for; 60 s unless set.
    pub fn unknown_type_delay(mut self, delay: Duration) -> Self {
        self.settings.unknown_types = UnknownTypes::GiveBack { after: delay };
        self
    }

    /// Finds every fault that [`build`](Self::build) would find, without a database: three lines in a unit test.
    ///
    /// ```no_run
    /// # use commandbus::{bus::Bus, worker::Worker};
    /// # fn test(bus: &Bus) {
    /// Worker::new(bus, "payments").check().unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Every fault of the wiring at once, each with file and line.
    pub fn check(&self) -> Result<(), BuildError> {
        self.wire().map(drop)
    }

    /// Makes the worker; it does nothing until it runs.
    ///
    /// # Errors
    ///
    /// Every fault of the wiring at once, each with file and line.
    pub fn build(self) -> Result<Worker, BuildError> {
        let (domain, registry) = self.wire()?;
        let engine = Engine::new(self.bus, domain, registry, self.resources, self.settings);
        Ok(Worker { engine: Arc::new(engine) })
    }

    fn wire(&self) -> Result<(Domain, Registry), BuildError> {
        let domain = Domain::new(self.domain.clone())?;
        let transactions = self.bus.store().as_postgres().is_some();
        let wiring =
            Wiring::new(domain.clone(), self.resources.clone()).partial(self.partial).transactions(transactions);
        // A domain may have processes only, and its commands be sent elsewhere.
        let wiring = wiring.idle(self.settings.companions && Companion::of(&domain).next().is_some());
        let wiring = self.handlers.iter().fold(wiring, |wiring, handlers| wiring.handlers(handlers.clone()));
        Ok((domain, wiring.check()?))
    }
}

/// Why a worker cannot be built. Its `Debug` is its `Display`, so that `unwrap()` reads well.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Its domain is none.
    #[error(transparent)]
    Domain(#[from] InvalidDomain),
    /// Its handlers cannot be wired.
    #[error(transparent)]
    Wiring(#[from] WiringError),
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
