//! Starting processes whose type is only known at run time.

use serde_json::Value;

use super::{ProcessEntry, registry::NotPrepared};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{BatchId, Domain, ProcessId, envelope::PayloadError},
};

/// Processes that are started in one transaction.
const CHUNK: usize = 1_000;

impl Bus {
    /// Starts processes by the name of their type, each with one of these states, as a service does for what came over
    /// HTTP. The type has to be linked into this program, since its first step is asked what it sends. All states are read
    /// before the first process is started; answers the ids in the order of the states.
    ///
    /// With `batch` they belong to it, as with [`in_batch`](super::Starting::in_batch).
    ///
    /// # Errors
    ///
    /// [`StartUntypedError`]; when the store fails half-way, some have been started.
    pub async fn start_untyped(
        &self,
        domain: &Domain,
        process_type: &str,
        states: Vec<Value>,
        batch: Option<BatchId>,
    ) -> Result<Vec<ProcessId>, StartUntypedError> {
        let processes = prepare_untyped(domain, process_type, states)?;
        self.start_prepared(processes, batch).await
    }

    /// The same, in a batch that is created first, and not at all when one of the states cannot be read.
    pub async fn start_untyped_batch(
        &self,
        domain: &Domain,
        process_type: &str,
        name: &str,
        states: Vec<Value>,
    ) -> Result<(BatchId, Vec<ProcessId>), StartUntypedError> {
        let processes = prepare_untyped(domain, process_type, states)?;
        let total = u32::try_from(processes.processes.len()).unwrap_or(u32::MAX);
        let batch = self
            .create_process_batch(domain.as_str(), name, total)
            .await
            .map_err(|error| StartUntypedError::Batch(Box::new(error)))?;
        Ok((batch, self.start_prepared(processes, Some(batch)).await?))
    }

    async fn start_prepared(
        &self,
        untyped: Untyped,
        batch: Option<BatchId>,
    ) -> Result<Vec<ProcessId>, StartUntypedError> {
        let Untyped { entry, processes } = untyped;
        for domain in [entry.domain].into_iter().chain((entry.command_domains)()) {
            self.ensure_queues(domain).await?;
        }
        for chunk in processes.chunks(CHUNK) {
            // The ids are new, so none is a duplicate.
            self.store().processes().start(entry.domain, chunk, batch).await?;
        }
        Ok(processes.iter().map(|process| process.process_id).collect())
    }
}

struct Untyped {
    entry: &'static ProcessEntry,
    processes: Vec<crate::store::NewProcess>,
}

fn prepare_untyped(domain: &Domain, process_type: &str, states: Vec<Value>) -> Result<Untyped, StartUntypedError> {
    let found =
        inventory::iter::<ProcessEntry>().find(|entry| entry.domain == domain && entry.answers_to(process_type));
    let entry = found.ok_or_else(|| {
        let mut known: Vec<String> =
            inventory::iter::<ProcessEntry>().map(|entry| format!("{}.{}", entry.domain, entry.name)).collect();
        known.sort();
        StartUntypedError::UnknownType {
            domain: domain.clone(),
            process_type: process_type.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        }
    })?;
    let processes = states.into_iter().enumerate().map(|(position, state)| {
        (entry.prepare)(ProcessId::new(), state).map_err(|error| match error {
            NotPrepared::Unreadable(source) => {
                StartUntypedError::Unreadable { position, process_type: entry.name, source }
            }
            NotPrepared::Payload(error) => StartUntypedError::Payload(error),
        })
    });
    Ok(Untyped { entry, processes: processes.collect::<Result<_, _>>()? })
}

/// Why processes were not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartUntypedError {
    /// No process of this name is linked into this program.
    #[error(
        "no process `{process_type}` of domain `{domain}` is linked into this program, which knows {known}: ask the service \
         that has it"
    )]
    UnknownType {
        /// The domain.
        domain: Domain,
        /// The name.
        process_type: String,
        /// What there is.
        known: String,
    },
    /// A state cannot be read as one of the type.
    #[error("state {position} (from 0) cannot be read as `{process_type}`: {source}. Nothing was started")]
    Unreadable {
        /// Its place.
        position: usize,
        /// The type.
        process_type: &'static str,
        /// What the deserializer said.
        source: serde_json::Error,
    },
    /// A state, or one of the first commands, cannot be stored.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The batch was not created.
    #[error(transparent)]
    Batch(Box<super::CreateProcessBatchError>),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}
