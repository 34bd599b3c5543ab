//! PGMQ alone: what a program would do that needs no more than a queue.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use serde_json::json;
use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};

use crate::{Error, Payload, figures::percentile};

pub struct Raw {
    pool: PgPool,
}

impl Raw {
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().max_connections(60).connect(url).await?;
        commandbus::store::postgres::migrate(&pool).await?;
        sqlx::query("select pgmq.create('raw')").execute(&pool).await?;
        Ok(Self { pool })
    }

    pub async fn purge(&self) -> Result<(), Error> {
        sqlx::query("select pgmq.purge_queue('raw')").execute(&self.pool).await?;
        Ok(())
    }

    pub async fn send_one(&self, callers: usize, span: Duration) -> Result<f64, Error> {
        let sent = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        try_join_all((0..callers).map(|_| {
            let (pool, sent) = (self.pool.clone(), Arc::clone(&sent));
            tokio::spawn(async move {
                while start.elapsed() < span {
                    sqlx::query("select pgmq.send('raw', $1::jsonb)").bind(json!(Payload::new())).execute(&pool).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, sqlx::Error>(())
            })
        }))
        .await?
        .into_iter()
        .collect::<Result<(), _>>()?;
        Ok(sent.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
    }

    pub async fn send_batch(&self, count: usize) -> Result<f64, Error> {
        let start = Instant::now();
        let mut transaction = self.pool.begin().await?;
        for _ in 0..count / 1000 {
            let payloads: Vec<_> = (0..1000).map(|_| json!(Payload::new())).collect();
            sqlx::query("select pgmq.send_batch('raw', $1)").bind(payloads).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(count as f64 / start.elapsed().as_secs_f64())
    }

    /// Two lanes, each reading 100 and deleting them.
    pub async fn drain(&self, count: usize) -> Result<f64, Error> {
        self.purge().await?;
        self.send_batch(count).await?;
        let before = crate::cpu(&self.pool).await;
        let start = Instant::now();
        let lanes = try_join_all((0..2).map(|_| {
            let pool = self.pool.clone();
            tokio::spawn(async move {
                let mut drained = 0;
                loop {
                    let ids: Vec<i64> =
                        sqlx::query_scalar("select msg_id from pgmq.read('raw', 30, 100)").fetch_all(&pool).await?;
                    if ids.is_empty() {
                        return Ok::<usize, sqlx::Error>(drained);
                    }
                    drained += ids.len();
                    sqlx::query("select pgmq.delete('raw', $1)").bind(ids).execute(&pool).await?;
                }
            })
        }))
        .await?;
        let drained: usize = lanes.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().sum();
        assert_eq!(drained, count, "every message was drained");
        let after = crate::cpu(&self.pool).await;
        eprintln!("raw: client {:.1} server {:.1} us/job", (after.0-before.0)*1e4/count as f64, (after.1-before.1)*1e4/count as f64);
        Ok(count as f64 / start.elapsed().as_secs_f64())
    }

    /// A listener that reads when it is notified, and a sender at a fixed rate; in milliseconds.
    pub async fn latency(&self, rate: u32, span: Duration) -> Result<(f64, f64), Error> {
        self.purge().await?;
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen("raw").await?;
        let total = (span.as_secs_f64() * f64::from(rate)) as usize;
        let (pool, start) = (self.pool.clone(), Instant::now());
        let reader = tokio::spawn(async move {
            let mut latencies = Vec::with_capacity(total);
            while latencies.len() < total {
                listener.recv().await?;
                let messages: Vec<(i64, serde_json::Value)> =
                    sqlx::query_as("select msg_id, message from pgmq.read('raw', 30, 100)").fetch_all(&pool).await?;
                let now = start.elapsed().as_secs_f64();
                latencies.extend(messages.iter().map(|(_, message)| (now - message["sent"].as_f64().unwrap()) * 1e3));
                let ids: Vec<i64> = messages.iter().map(|(id, _)| *id).collect();
                sqlx::query("select pgmq.delete('raw', $1)").bind(ids).execute(&pool).await?;
            }
            Ok::<_, sqlx::Error>(latencies)
        });
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
        for _ in 0..total {
            ticks.tick().await;
            sqlx::query("select pgmq.send('raw', $1::jsonb), pg_notify('raw', '')")
                .bind(json!({ "sent": start.elapsed().as_secs_f64(), "payload": Payload::new() }))
                .execute(&self.pool)
                .await?;
        }
        let mut latencies = reader.await??;
        Ok((percentile(&mut latencies, 0.5), percentile(&mut latencies, 0.99)))
    }
}
