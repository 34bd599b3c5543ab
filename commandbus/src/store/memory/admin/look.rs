//! Queues, workers and figures.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::{
    message::{CommandStatus, Domain},
    store::{
        Latency, QueueOverview, Throughput, WorkerBeat, WorkerRecord,
        memory::state::{State, Transition},
    },
};

impl Transition<'_> {
    pub(super) fn look_at_queues(&mut self, cap: u32) -> Vec<QueueOverview> {
        let suffix = "__commands";
        let names = self.state.queues.keys().filter_map(|queue| queue.strip_suffix(suffix)?.to_owned().into());
        let mut domains: Vec<Domain> = names.filter_map(|name: String| Domain::new(name).ok()).collect();
        domains.sort();
        domains.into_iter().map(|domain| self.look_at_queue(domain, u64::from(cap) + 1)).collect()
    }

    fn look_at_queue(&self, domain: Domain, cap: u64) -> QueueOverview {
        let State { queues, commands, .. } = &*self.state;
        let now = self.now;
        let mut found = QueueOverview {
            ready: 0,
            running: 0,
            delayed: 0,
            held: 0,
            paused: 0,
            parked: 0,
            replies: queues
                .get(&domain.process_replies_queue())
                .map_or(0, |queue| queue.live().count() as u64)
                .min(cap),
            oldest_ready_at: None,
            oldest_parked_at: None,
            paused_at: self.state.paused.contains(&domain).then_some(now),
            workers: self.living_workers().filter(|worker| worker.domain == domain).count() as u64,
            domain,
        };
        let running: Vec<i64> = commands
            .values()
            .filter(|command| command.domain == found.domain && command.status == CommandStatus::InProgress)
            .filter_map(|command| command.msg_id)
            .collect();
        for message in queues[&found.domain.commands_queue()].live() {
            match message.visible_at {
                None => found.paused += 1,
                Some(at) if at == DateTime::<Utc>::MAX_UTC => found.held += 1,
                Some(at) if at <= now => {
                    found.ready += 1;
                    found.oldest_ready_at = Some(found.oldest_ready_at.map_or(at, |oldest| oldest.min(at)));
                }
                Some(_) if running.contains(&message.msg_id) => found.running += 1,
                Some(_) => found.delayed += 1,
            }
        }
        let parked = self.state.parked.values().map(|shelved| &shelved.entry);
        for parked in parked.filter(|parked| parked.domain == found.domain) {
            found.parked += 1;
            let at = parked.parked_at;
            found.oldest_parked_at = Some(found.oldest_parked_at.map_or(at, |oldest| oldest.min(at)));
        }
        for count in [&mut found.ready, &mut found.running, &mut found.delayed, &mut found.held, &mut found.parked] {
            *count = (*count).min(cap);
        }
        found
    }

    fn living_workers(&self) -> impl Iterator<Item = &WorkerRecord> {
        self.state.workers.values().filter(|worker| worker.seen_at > self.now - TimeDelta::minutes(1))
    }

    pub(super) fn list_workers(&self) -> Vec<WorkerRecord> {
        let mut workers: Vec<WorkerRecord> = self.state.workers.values().cloned().collect();
        for worker in &mut workers {
            worker.is_alive = worker.seen_at > self.now - TimeDelta::minutes(1);
        }
        workers.sort_by_key(|worker| (worker.domain.clone(), worker.started_at, worker.worker_id));
        workers
    }

    pub(super) fn beat(&mut self, beat: &WorkerBeat) {
        let now = self.now;
        let record = self.state.workers.entry(beat.worker_id).or_insert_with(|| WorkerRecord {
            worker_id: beat.worker_id,
            domain: beat.domain.clone(),
            host: beat.host.clone(),
            pid: beat.pid,
            version: beat.version.to_owned(),
            concurrency: beat.concurrency,
            phase: String::new(),
            running: 0,
            in_hand: 0,
            started_at: now,
            seen_at: now,
            is_alive: true,
        });
        beat.phase.clone_into(&mut record.phase);
        (record.running, record.in_hand, record.seen_at) = (beat.running, beat.in_hand, now);
        self.state.workers.retain(|_, worker| worker.seen_at >= now - TimeDelta::days(1));
    }

    pub(super) fn look_at_throughput(&self, minutes: u32) -> Vec<Throughput> {
        let from = self.now - TimeDelta::minutes(i64::from(minutes));
        let mut found = BTreeMap::new();
        for event in self.state.audit.values().flatten().filter(|event| event.at > from) {
            let minute = event.at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(event.at);
            let one = found.entry((event.domain.clone(), minute)).or_insert_with(|| Throughput {
                domain: event.domain.clone(),
                minute,
                sent: 0,
                completed: 0,
                failed: 0,
                canceled: 0,
                parked: 0,
            });
            match event.event.as_str() {
                "SENT" => one.sent += 1,
                "COMPLETED" | "OPERATOR_COMPLETE" => one.completed += 1,
                "BUSINESS_RULE_FAILED" => one.failed += 1,
                "CANCELED" | "OPERATOR_CANCEL" => one.canceled += 1,
                "MOVED_TO_TSQ" => one.parked += 1,
                _ => {}
            }
        }
        let is_something = |one: &Throughput| one.sent + one.completed + one.failed + one.canceled + one.parked > 0;
        found.into_values().filter(is_something).collect()
    }
}

impl State {
    pub(super) fn look_at_latency(&self) -> Vec<Latency> {
        let mut seconds: BTreeMap<&Domain, Vec<f64>> = BTreeMap::new();
        for command in self.commands.values().filter(|command| command.status == CommandStatus::Completed) {
            let took = (command.updated_at - command.created_at).as_seconds_f64();
            seconds.entry(&command.domain).or_default().push(took);
        }
        let latency = |(domain, mut seconds): (&Domain, Vec<f64>)| {
            seconds.sort_by(f64::total_cmp);
            // Between two neighbours, as PostgreSQL's percentile_cont.
            let percentile = |share: f64| {
                let place = share * (seconds.len() - 1) as f64;
                let (low, high) = (seconds[place.floor() as usize], seconds[place.ceil() as usize]);
                low + (high - low) * place.fract()
            };
            Latency {
                domain: domain.clone(),
                completed: seconds.len() as u64,
                p50_s: percentile(0.5),
                p95_s: percentile(0.95),
                max_s: percentile(1.0),
            }
        };
        seconds.into_iter().map(latency).collect()
    }
}
