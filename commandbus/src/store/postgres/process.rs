//! Processes on PostgreSQL: each transition is one procedure of `V012__starting_processes.sql` or `V013__routing.sql`.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use serde_json::value::RawValue;
use sqlx::{PgConnection, types::Json};

use self::document::{AsideDocument, ProcessDocument, step_documents};
use super::{
    PostgresStore,
    batch::{EMPTY_PROCESS_BATCH, batch_exists, open_batch},
    connections::Call,
    milliseconds,
    send::acceptances,
};
use crate::{
    error::StoreError,
    message::{BatchId, Domain, ProcessId, ProcessMetadata, SentStep},
    store::{
        Acceptance, Moved, NewBatch, NewProcess, Page, ParkedReply, ProcessFilter, ProcessMove, ProcessRecord,
        ProcessStore, ReplyAside, RoutingWork, StrayReply,
    },
};

mod ask;
mod document;
mod route;

#[async_trait]
impl ProcessStore for PostgresStore {
    async fn start(
        &self,
        domain: &Domain,
        processes: &[NewProcess],
        batch: Option<BatchId>,
    ) -> Result<Vec<Acceptance>, StoreError> {
        self.ensure_process_queues(domain, processes).await?;
        let mut call = self.pool.hold().await?;
        let started = start_each(call.connection(), domain, processes, batch).await?;
        call.end().await?;
        Ok(started)
    }

    async fn create_batch(&self, batch: NewBatch, total: u32) -> Result<(), StoreError> {
        self.ensure_batch_queues(&batch).await?;
        if total == 0 {
            return Err(StoreError::Unsupported(EMPTY_PROCESS_BATCH));
        }
        let access = self.ready().await?;
        let mut call = self.pool.hold().await?;
        let opened = open_batch(call.connection(), access, &batch, total).await?;
        call.end().await?;
        if opened { Ok(()) } else { Err(batch_exists(&batch)) }
    }

    async fn receive_replies(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<RoutingWork, StoreError> {
        self.receive_replies_of(domain, limit, lease).await
    }

    async fn load(&self, domain: &Domain, ids: &[ProcessId]) -> Result<Vec<ProcessRecord>, StoreError> {
        self.load_processes(domain, ids).await
    }

    async fn advance(&self, domain: &Domain, moves: &[ProcessMove]) -> Result<Vec<Moved>, StoreError> {
        self.advance_processes(domain, moves).await
    }

    async fn set_aside(&self, domain: &Domain, asides: &[ReplyAside]) -> Result<(), StoreError> {
        if asides.is_empty() {
            return Ok(());
        }
        sqlx::query("select commandbus.set_aside_replies($1, $2)")
            .bind(domain.as_str())
            .bind(asides.iter().map(|aside| Json(AsideDocument::from(aside))).collect::<Vec<_>>())
            .call(&self.engine)
            .await?;
        Ok(())
    }

    async fn postpone(&self, domain: &Domain, ids: &[ProcessId], by: Duration) -> Result<(), StoreError> {
        sqlx::query("select commandbus.postpone_processes($1, $2, $3)")
            .bind(domain.as_str())
            .bind(ids.iter().map(ProcessId::as_uuid).collect::<Vec<_>>())
            .bind(milliseconds(by))
            .call(&self.engine)
            .await?;
        Ok(())
    }

    async fn retry_replies(
        &self,
        domain: &Domain,
        ids: &[i64],
        result: Option<&RawValue>,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<Vec<bool>, StoreError> {
        self.ensure(domain, [domain.process_replies_queue()]).await?;
        let mut retried: Vec<i64> = sqlx::query_scalar("select commandbus.retry_replies($1, $2, $3, $4, $5)")
            .bind(domain.as_str())
            .bind(ids)
            .bind(result.map(Json))
            .bind(operator)
            .bind(reason)
            .call_one(&self.pool)
            .await?;
        // Named once more, it is no longer there.
        let mut take = |id: &i64| retried.iter().position(|one| one == id).map(|at| retried.swap_remove(at)).is_some();
        Ok(ids.iter().map(&mut take).collect())
    }

    async fn find(&self, domain: &Domain, id: ProcessId) -> Result<Option<ProcessMetadata>, StoreError> {
        let filter = ProcessFilter::in_domain(domain.clone());
        Ok(self.select_processes(&filter, Some(id), Page::first(1)).await?.pop())
    }

    async fn list(&self, filter: &ProcessFilter, page: Page<ProcessId>) -> Result<Vec<ProcessMetadata>, StoreError> {
        self.select_processes(filter, None, page).await
    }

    async fn steps(&self, domain: &Domain, id: ProcessId) -> Result<Vec<SentStep>, StoreError> {
        self.list_steps(domain, id).await
    }

    async fn stray_replies(&self, domain: &Domain, id: ProcessId) -> Result<Vec<StrayReply>, StoreError> {
        self.list_stray_replies(domain, id).await
    }

    async fn parked_replies(&self, domain: &Domain, page: Page<i64>) -> Result<Vec<ParkedReply>, StoreError> {
        self.list_parked_replies(domain, page).await
    }
}

impl PostgresStore {
    /// Like [`ProcessStore::start`], in the caller's transaction; a duplicate is found without aborting it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; after one that the database raised, PostgreSQL has aborted the caller's transaction.
    pub async fn start_within(
        &self,
        connection: &mut PgConnection,
        domain: &Domain,
        processes: &[NewProcess],
        batch: Option<BatchId>,
    ) -> Result<Vec<Acceptance>, StoreError> {
        self.ensure_process_queues(domain, processes).await?;
        start_each(connection, domain, processes, batch).await
    }

    /// The queues of what the processes send, and of the replies to it.
    pub(super) async fn ensure_process_queues(
        &self,
        domain: &Domain,
        processes: &[NewProcess],
    ) -> Result<(), StoreError> {
        self.ensure(domain, [domain.process_replies_queue()]).await?;
        self.ensure(domain, queues_of_steps(processes)).await
    }
}

/// The queues of the commands that processes begin with.
pub(super) fn queues_of_steps(processes: &[NewProcess]) -> HashSet<String> {
    processes.iter().flat_map(|process| &process.steps).map(|step| step.domain.commands_queue()).collect()
}

/// What processes are started into.
#[derive(Debug, Clone, Copy)]
pub(super) enum StartIn {
    Nowhere,
    /// A batch that exists, and that may be full.
    Batch(BatchId),
    /// A batch that the same transaction creates.
    NewBatch(BatchId),
}

/// The call of `start_processes`, with each id once; it answers with the positions, from 1, of the duplicates.
pub(super) async fn start_processes(
    connection: &mut PgConnection,
    domain: &Domain,
    processes: &[NewProcess],
    place: StartIn,
) -> Result<Vec<i32>, StoreError> {
    let (batch, filling) = match place {
        StartIn::Nowhere => (None, false),
        StartIn::Batch(batch) => (Some(batch), false),
        StartIn::NewBatch(batch) => (Some(batch), true),
    };
    let steps = processes.iter().flat_map(|process| process.steps.iter().map(|step| (process.process_id, step)));
    let duplicates = sqlx::query_scalar("select commandbus.start_processes($1, $2, $3, $4, $5)")
        .bind(domain.as_str())
        .bind(processes.iter().map(|process| Json(ProcessDocument::from(process))).collect::<Vec<_>>())
        .bind(step_documents(steps))
        .bind(batch.map(|batch| batch.as_uuid()))
        .bind(filling)
        .fetch_one(connection)
        .await?;
    Ok(duplicates)
}

/// Starts processes; the second of two of the same id is a duplicate of the first.
async fn start_each(
    connection: &mut PgConnection,
    domain: &Domain,
    processes: &[NewProcess],
    batch: Option<BatchId>,
) -> Result<Vec<Acceptance>, StoreError> {
    if processes.is_empty() {
        return Ok(Vec::new());
    }
    let place = batch.map_or(StartIn::Nowhere, StartIn::Batch);
    let mut seen = HashSet::with_capacity(processes.len());
    let is_first: Vec<bool> = processes.iter().map(|process| seen.insert(process.process_id)).collect();
    if seen.len() == processes.len() {
        let duplicates = start_processes(connection, domain, processes, place).await?;
        return Ok(acceptances(processes.len(), &duplicates));
    }
    let firsts: Vec<NewProcess> =
        processes.iter().zip(&is_first).filter(|(_, first)| **first).map(|(process, _)| process.clone()).collect();
    let duplicates = start_processes(connection, domain, &firsts, place).await?;
    let mut answers = acceptances(firsts.len(), &duplicates).into_iter();
    let answer = |first: &bool| if *first { answers.next().unwrap_or(Acceptance::Sent) } else { Acceptance::Duplicate };
    Ok(is_first.iter().map(answer).collect())
}
