//! The two stores, what a program has made in them, and what must be the same of both.

use std::{collections::HashMap, fmt::Debug, sync::Arc, time::Duration};

use commandbus::{
    message::{BatchId, CommandId, Domain, ProcessId},
    store::{Store, Token, postgres::PostgresStore},
};
use commandbus_tests::broken_rules;
use serde_json::Value;
use uuid::Uuid;

use super::view::{self, View};
use crate::contract::{
    harness::{self, Harness},
    world::process::TRANSFERS,
};

pub(super) static PAYMENTS: Domain = Domain::from_static("payments");

/// All times of a program are whole minutes, so that the moments it takes decide nothing.
pub(super) const MINUTE: Duration = Duration::from_secs(60);

pub(super) struct Twins {
    pub(super) memory: Box<dyn Harness>,
    pub(super) postgres: Box<dyn Harness>,
    /// Oldest first, as all of these.
    pub(super) commands: Vec<CommandId>,
    pub(super) batches: Vec<BatchId>,
    /// Those that the ends of batches will send. Nobody else may take their ids.
    pub(super) callbacks: Vec<CommandId>,
    /// Deliveries, as in memory and on PostgreSQL.
    pub(super) deliveries: Vec<[Token; 2]>,
    pub(super) processes: Vec<ProcessId>,
    pub(super) process_batches: Vec<BatchId>,
    /// The commands to which a reply was put again.
    pub(super) echoes: Vec<Uuid>,
    drawn: u128,
    /// What has ended, as it was then.
    ended: HashMap<String, Value>,
}

impl Twins {
    pub(super) async fn new() -> Self {
        let (memory, postgres) = (harness::memory::start().await, harness::postgres::start().await);
        for harness in [&memory, &postgres] {
            let store = harness.store();
            store.ensure_queues(&PAYMENTS, &[]).await.unwrap();
            store.ensure_queues(&TRANSFERS, &[]).await.unwrap();
        }
        Self {
            memory,
            postgres,
            commands: Vec::new(),
            batches: Vec::new(),
            callbacks: Vec::new(),
            deliveries: Vec::new(),
            processes: Vec::new(),
            process_batches: Vec::new(),
            echoes: Vec::new(),
            drawn: 0,
            ended: HashMap::new(),
        }
    }

    pub(super) fn stores(&self) -> [Arc<dyn Store>; 2] {
        [self.memory.store(), self.postgres.store()]
    }

    pub(super) fn harnesses(&self) -> [&dyn Harness; 2] {
        [&*self.memory, &*self.postgres]
    }

    /// An id that no other object of the program has, and that its repetition gives again.
    pub(super) fn draw(&mut self) -> Uuid {
        self.drawn += 1;
        Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + self.drawn)
    }

    /// Looks whether both stores are the same, whether what had ended stayed as it was, and whether a rule is broken.
    pub(super) async fn compare(&mut self) -> Result<(), String> {
        self.check_rules().await?;
        let [memory, postgres] = self.harnesses();
        let (memory, postgres) = (view::of(memory, self).await, view::of(postgres, self).await);
        same_views(&memory, &postgres)?;
        for (name, value) in postgres {
            if !view::has_ended(&value) {
                if self.ended.contains_key(&name) {
                    return Err(format!("{name} had ended, and is {value}"));
                }
                continue;
            }
            let before = self.ended.entry(name.clone()).or_insert_with(|| value.clone());
            same(&name, before, &value)?;
        }
        Ok(())
    }

    pub(super) async fn check_rules(&self) -> Result<(), String> {
        let store = self.postgres.store();
        let broken = broken_rules(postgres_of(&*store).pool(), &self.echoes).await.unwrap();
        self.postgres.check_groups().await;
        if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
    }

    /// Looks whether the audit trails are the same.
    pub(super) async fn compare_trails(&self) -> Result<(), String> {
        let [memory, postgres] = self.harnesses();
        same_views(&view::trails(memory, self).await, &view::trails(postgres, self).await)
    }
}

pub(super) fn postgres_of(store: &dyn Store) -> &PostgresStore {
    store.as_postgres().expect("it is the one on PostgreSQL")
}

/// What chooses counts from the newest on.
pub(super) fn choose<T>(among: &[T], which: usize) -> Option<&T> {
    among.len().checked_sub(1).map(|last| &among[last - which % among.len()])
}

/// Says how two answers differ, if they do.
pub(super) fn same<T: PartialEq + Debug>(what: &str, memory: &T, postgres: &T) -> Result<(), String> {
    if memory == postgres {
        return Ok(());
    }
    Err(format!("{what}\n    in memory:     {memory:?}\n    on PostgreSQL: {postgres:?}"))
}

fn same_views(memory: &View, postgres: &View) -> Result<(), String> {
    let names = memory.keys().chain(postgres.keys());
    let differ: Vec<String> =
        names.filter_map(|name| same(name, &memory.get(name), &postgres.get(name)).err()).collect();
    if differ.is_empty() { Ok(()) } else { Err(differ.join("\n")) }
}
