//! Looks at memory, tables and latency again and again.

use std::{
    fs, process,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::block_in_place,
    time::{MissedTickBehavior, interval},
};

use crate::{ledger::Ledger, load::Tally, record::Record, worker::WorkerProcess};

pub(crate) struct Sampling {
    pub(crate) record: Record,
    pub(crate) interval: Duration,
    pub(crate) worker: WorkerProcess,
    pub(crate) ledger: Ledger,
    pub(crate) tally: Arc<Tally>,
}

/// What a process has in memory and no file stands behind, in kB.
fn memory_of(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line =
        status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("the system tells of its processes");
    line.split_whitespace().next().and_then(|text| text.parse().ok()).expect("a number")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Sampling {
    pub(crate) async fn run(mut self, mut over: watch::Receiver<bool>) -> WorkerProcess {
        let begun = Instant::now();
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What came before is no part of it.
        ticks.tick().await;
        loop {
            let over = tokio::select! {
                _ = ticks.tick() => false,
                _ = over.wait_for(|over| *over) => true,
            };
            self.sample(begun.elapsed().as_secs_f64()).await;
            if over {
                return self.worker;
            }
        }
    }

    async fn sample(&mut self, at: f64) {
        let waits = block_in_place(|| self.worker.waits());
        let relations = self.relations().await;
        let mut replies = self.tally.take_replies();
        replies.sort_unstable();
        let record = &mut self.record;
        let mut note = |what: &str, of: &str, value: f64| record.note(at, what, of, value);
        note("memory_kb", "worker", memory_of(self.worker.id()));
        note("memory_kb", "sender", memory_of(process::id()));
        note("sent", "commands", self.tally.commands() as f64);
        note("sent", "processes", self.tally.trips() as f64);
        if waits.count > 0 {
            note("wait_ms", "p50", milliseconds(waits.half));
            note("wait_ms", "p99", milliseconds(waits.most));
            note("wait_ms", "max", milliseconds(waits.longest));
        }
        if !replies.is_empty() {
            let part = |part: f64| milliseconds(replies[((replies.len() - 1) as f64 * part) as usize]);
            note("reply_ms", "p50", part(0.5));
            note("reply_ms", "p99", part(0.99));
        }
        for (what, of, value) in relations {
            note(&what, &of, value);
        }
        self.record.flush();
    }

    /// Sizes of tables and indexes, rows that live and rows that are dead, and how many connections there are.
    async fn relations(&self) -> Vec<(String, String, f64)> {
        sqlx::query_as(
            "with relation as (
                 select c.oid, c.relkind, c.oid::regclass::text as name from pg_class c
                 where c.relkind in ('r', 'i')
                   and c.relnamespace in ('commandbus'::regnamespace, 'pgmq'::regnamespace, 'public'::regnamespace))
             select case r.relkind when 'r' then 'table_bytes' else 'index_bytes' end, r.name,
                    pg_table_size(r.oid)::float8
             from relation r
             union all
             select 'live', r.name, s.n_live_tup::float8 from relation r join pg_stat_user_tables s on s.relid = r.oid
             union all
             select 'dead', r.name, s.n_dead_tup::float8 from relation r join pg_stat_user_tables s on s.relid = r.oid
             union all
             select 'vacuums', r.name, s.autovacuum_count::float8
             from relation r join pg_stat_user_tables s on s.relid = r.oid
             union all
             select 'connections', 'server', count(*)::float8 from pg_stat_activity
             where datname = current_database()",
        )
        .fetch_all(self.ledger.pool())
        .await
        .unwrap()
    }
}
