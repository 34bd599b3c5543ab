//! PGMQ alone: what a program would do that needs no more than a queue. The floor under commandbus, which keeps a row, a
//! state and an audit trail for each of its messages.

use clap::Parser;
use futures_util::future::try_join_all;
use protocol::{Arguments, Error, Meter, Payload, System, chunks, locked_version};
use serde_json::{Value, json};
use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
    types::Json,
};

/// More lanes add nothing on two cores.
const LANES: usize = 2;

struct Pgmq {
    pool: PgPool,
}

impl System for Pgmq {
    const NAME: &'static str = "pgmq";
    const ENDS_SETTLED: bool = true;

    fn version() -> String {
        locked_version("pgmq")
    }

    fn settings() -> &'static str {
        "2 lanes of read(100) + delete(ids[]), send, send_batch of 1000 in one transaction, LISTEN"
    }

    async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().min_connections(50).max_connections(50).connect(url).await?;
        Ok(Self { pool })
    }

    /// Our migration installs PGMQ where it is missing; nothing else of it is left.
    async fn prepare(&self) -> Result<(), Error> {
        commandbus::store::postgres::migrate(&self.pool).await?;
        sqlx::raw_sql("drop schema commandbus cascade; select pgmq.create('jobs')").execute(&self.pool).await?;
        Ok(())
    }

    async fn send(&self, payload: Payload) -> Result<(), Error> {
        // Only a message that carries its time has somebody listening for it; the others go out as cheaply as they can.
        let sql = if payload.sent == 0 {
            "select pgmq.send('jobs', $1::jsonb)"
        } else {
            "select pgmq.send('jobs', $1::jsonb), pg_notify('jobs', '')"
        };
        sqlx::query(sql).bind(json!(payload)).execute(&self.pool).await?;
        Ok(())
    }

    async fn send_batch(&self, jobs: usize, bytes: usize) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        for chunk in chunks(jobs, bytes) {
            let chunk: Vec<Value> = chunk.iter().map(|payload| json!(payload)).collect();
            sqlx::query("select pgmq.send_batch('jobs', $1)").bind(chunk).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn work(&self, meter: Meter) -> Result<(), Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen("jobs").await?;
        meter.start();
        let lanes = (0..LANES).map(|_| tokio::spawn(drain(self.pool.clone(), meter.clone())));
        try_join_all(lanes).await?.into_iter().collect::<Result<(), _>>()?;
        loop {
            tokio::select! {
                biased;
                () = meter.finished() => return Ok(()),
                woken = listener.recv() => {
                    woken?;
                    drain(self.pool.clone(), meter.clone()).await?;
                }
            }
        }
    }
}

/// Reads and deletes until the queue is empty.
async fn drain(pool: PgPool, meter: Meter) -> Result<(), Error> {
    loop {
        let messages: Vec<(i64, Json<Payload>)> =
            sqlx::query_as("select msg_id, message from pgmq.read('jobs', 30, 100)").fetch_all(&pool).await?;
        if messages.is_empty() {
            return Ok(());
        }
        // When the handlers start; they do nothing.
        messages.iter().for_each(|(_, payload)| meter.see(payload));
        let ids: Vec<i64> = messages.iter().map(|(id, _)| *id).collect();
        sqlx::query("select pgmq.delete('jobs', $1)").bind(ids).execute(&pool).await?;
        meter.count(messages.len());
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    protocol::print(&protocol::run::<Pgmq>(&Arguments::parse()).await?);
    Ok(())
}
