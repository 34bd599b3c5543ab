//! Whatever steps and undos do, operators decide and routers suffer: what holds of every process and batch.

use std::{collections::HashMap, time::Duration};

use commandbus::{
    message::{BatchStatus, Outcome, ProcessId, ProcessMetadata, ProcessStatus, StepRole},
    prelude::*,
    store::{Page, Parked, ParkedFilter},
};
use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::{
    hall::{ABROAD, HOME, Hall, ORDERS, Routing, name_of, router},
    order::{Does, Done, Order},
};
use crate::{
    contract::harness::{self, Harness},
    time::until,
};

const GROUPS: [&[&str]; 4] = [&["reserve"], &["debit"], &["credit", "notify"], &["close"]];

const NAMES: [&str; 10] =
    ["reserve", "debit", "credit", "notify", "close", "-reserve", "-debit", "-credit", "-notify", "-close"];

/// What becomes of one command.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Succeeds,
    Refused,
    /// Parked, and an operator does this.
    Retried,
    Completed,
    Canceled,
}

impl Fate {
    fn is_good(self) -> bool {
        matches!(self, Self::Succeeds | Self::Retried | Self::Completed)
    }
}

#[derive(Debug, Clone)]
struct Script {
    fates: [Fate; 10],
    regrets: bool,
}

impl Script {
    fn fate(&self, name: &str) -> Fate {
        self.fates[NAMES.iter().position(|known| *known == name).expect("it is one of the steps")]
    }

    fn order(&self) -> Order {
        let order = if self.regrets { Order::regretted() } else { Order::default() };
        NAMES.iter().fold(order, |order, name| match self.fate(name) {
            Fate::Succeeds => order,
            Fate::Refused => order.doing(name, Does::Refuse),
            Fate::Retried | Fate::Completed | Fate::Canceled => order.doing(name, Does::park()),
        })
    }

    /// How it may end. Of a group that fails, a good member may be canceled before it runs, or be undone.
    fn ends(&self) -> Vec<ProcessStatus> {
        let is_undone = |step: &&str| self.fate(&format!("-{step}")).is_good();
        let failing = GROUPS.iter().position(|group| !group.iter().all(|step| self.fate(step).is_good()));
        let done = GROUPS[..failing.unwrap_or(GROUPS.len())].iter().flat_map(|group| group.iter());
        let well = match failing {
            None if !self.regrets => return vec![ProcessStatus::Completed],
            None => ProcessStatus::Compensated,
            Some(_) => ProcessStatus::Canceled,
        };
        if !done.clone().all(&is_undone) {
            return vec![ProcessStatus::Failed];
        }
        let mut perhaps = failing.iter().flat_map(|at| GROUPS[*at]).filter(|step| self.fate(step).is_good());
        if perhaps.all(is_undone) { vec![well] } else { vec![well, ProcessStatus::Failed] }
    }
}

/// What happens meanwhile; numbers pick one of what there is.
#[derive(Debug, Clone)]
enum Event {
    /// A reply that was taken in comes again.
    Again(usize, usize),
    /// A router dies and another comes.
    Crash,
    /// A router is stopped and another comes.
    Restart,
    /// One more router comes.
    Another,
}

fn scripts() -> impl Strategy<Value = Vec<Script>> {
    let fate = prop_oneof![
        12 => Just(Fate::Succeeds),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Retried),
        1 => Just(Fate::Completed),
        1 => Just(Fate::Canceled),
    ];
    let script = (proptest::array::uniform10(fate), prop::bool::weighted(0.3));
    vec(script.prop_map(|(fates, regrets)| Script { fates, regrets }), 1..7)
}

fn events() -> impl Strategy<Value = Vec<(Event, u64)>> {
    let event = prop_oneof![
        6 => (any::<usize>(), any::<usize>()).prop_map(|(order, step)| Event::Again(order, step)),
        1 => Just(Event::Crash),
        1 => Just(Event::Restart),
        1 => Just(Event::Another),
    ];
    // With so many milliseconds before each.
    vec((event, 0_u64..15), 0..16)
}

struct World {
    hall: Hall,
    scripts: HashMap<ProcessId, Script>,
    routers: Vec<Routing>,
    /// How many replies came again.
    again: usize,
}

impl World {
    fn route(&mut self) {
        let router =
            router(&self.hall.another_bus()).lease(Duration::from_secs(1)).poll_interval(Duration::from_millis(10));
        self.routers.push(Routing::start(router));
    }

    async fn happen(&mut self, ids: &[ProcessId], event: Event) {
        match event {
            Event::Again(order, step) => {
                let id = ids[order % ids.len()];
                let mut steps = self.hall.steps(id).await;
                steps.retain(|step| step.outcome.is_some());
                if steps.is_empty() {
                    return;
                }
                let step = &steps[step % steps.len()];
                let result = json!({ "what": "again" });
                let reply = json!({ "command_id": step.command_id, "correlation_id": id, "outcome": step.outcome, "result": result });
                self.hall.harness.put(&ORDERS.process_replies_queue(), reply).await;
                self.again += 1;
            }
            Event::Crash => {
                self.routers.remove(0).crash().await;
                self.route();
            }
            Event::Restart => {
                self.routers.remove(0).stop().await;
                self.route();
            }
            Event::Another => self.route(),
        }
    }

    /// An operator does with everything that is parked what was decided for it.
    async fn operate(&self) {
        let operator = self.hall.bus.troubleshooting().by("olga");
        let parked = self.hall.bus.troubleshooting().list(&ParkedFilter::default(), Page::first(100)).await.unwrap();
        for Parked { domain, command_id, .. } in parked {
            let command = self.hall.bus.commands().get(&domain, command_id).await.unwrap().unwrap();
            let id = ProcessId::from_uuid(command.correlation_id.unwrap());
            let steps = self.hall.steps(id).await;
            let name = name_of(steps.iter().find(|step| step.command_id == command_id).unwrap());
            match self.scripts[&id].fate(&name) {
                Fate::Retried => operator.retry(&domain, command_id).await.unwrap(),
                Fate::Completed => {
                    operator.complete_with(&domain, command_id, &Done { what: "by hand".into() }).await.unwrap();
                }
                Fate::Canceled => operator.cancel(&domain, command_id, "as decided").await.unwrap(),
                fate => panic!("`{name}` {fate:?} and was parked"),
            }
        }
    }

    /// Those that have ended, as they are.
    async fn ended(&self) -> HashMap<ProcessId, ProcessMetadata> {
        let mut ended = HashMap::new();
        for id in self.scripts.keys() {
            let order = self.hall.order(*id).await;
            if order.status.is_terminal() {
                ended.insert(*id, order);
            }
        }
        ended
    }
}

async fn run(harness: Box<dyn Harness>, scripts: Vec<Script>, events: Vec<(Event, u64)>) {
    let hall = Hall::new(harness);
    hall.work(&HOME);
    hall.work(&ABROAD);
    let scripts: HashMap<_, _> = scripts.into_iter().map(|script| (ProcessId::new(), script)).collect();
    let ids: Vec<ProcessId> = scripts.keys().copied().collect();
    let orders: Vec<_> = scripts.iter().map(|(id, script)| script.order().with_id(*id)).collect();
    let mut world = World { hall, scripts, routers: Vec::new(), again: 0 };
    world.route();
    let batch = Order::batch("Payroll").extend(orders).start(&world.hall.bus).await.unwrap();

    let mut first_seen = HashMap::new();
    for (event, pause) in events {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        world.happen(&ids, event).await;
        world.operate().await;
        for (id, order) in world.ended().await {
            first_seen.entry(id).or_insert(order);
        }
    }
    until(async || {
        world.operate().await;
        batch.metadata().await.unwrap().status.is_terminal()
    })
    .await;
    let queue = ORDERS.process_replies_queue();
    until(async || world.hall.harness.messages(&queue).await.is_empty()).await;

    let ended = world.ended().await;
    assert!(first_seen.iter().all(|(id, order)| ended[id] == *order), "terminal is terminal");
    let [mut completed, mut canceled] = [0, 0];
    for (id, script) in &world.scripts {
        let order = world.hall.end(*id).await;
        assert!(script.ends().contains(&order.status), "{script:?} ended as {}: {:?}", order.status, order.error_code);
        match order.status {
            ProcessStatus::Completed | ProcessStatus::Compensated => completed += 1,
            _ => canceled += 1,
        }
        let steps = world.hall.steps(*id).await;
        let mut names: Vec<_> = steps.iter().map(name_of).collect();
        names.sort();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "each once: {names:?}");
        let good = steps.iter().filter(|step| step.role == StepRole::Step && step.outcome == Some(Outcome::Success));
        assert_eq!(order.state["heard"].as_array().unwrap().len(), good.count(), "each result was learned once");
    }
    let row = batch.metadata().await.unwrap();
    assert_eq!((row.completed_count, row.canceled_count, row.failed_count), (completed, canceled, 0));
    assert_eq!(row.in_troubleshooting_count, 0);
    assert_eq!(row.status == BatchStatus::Completed, canceled == 0);
    assert_eq!(world.hall.harness.archived(&queue).await.len(), world.again, "what came again was stray");
}

fn block_on(run: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run);
}

/// So many, unless `PROPTEST_CASES` says otherwise.
fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig { max_shrink_iters: 50, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases: count, ..default } }
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn every_course_of_events_ends_well_in_memory(scripts in scripts(), events in events()) {
        block_on(async { run(harness::memory::start().await, scripts, events).await });
    }
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn every_course_of_events_ends_well_on_postgres(scripts in scripts(), events in events()) {
        block_on(async { run(harness::postgres::start().await, scripts, events).await });
    }
}
