//! A process that was started.

use std::{fmt, marker::PhantomData, time::Duration};

use tokio::sync::broadcast::error::RecvError;

use super::Process;
use crate::{
    bus::Bus,
    error::StoreError,
    message::{Domain, ProcessId, ProcessMetadata},
    store::Wake,
};

/// How often a waiter looks without having been woken.
const POLL: Duration = Duration::from_secs(1);

/// A process that was started and committed. Cheap to clone.
pub struct Started<P> {
    bus: Bus,
    id: ProcessId,
    process: PhantomData<fn() -> P>,
}

impl<P: Process> Started<P> {
    pub(super) fn new(bus: Bus, id: ProcessId) -> Self {
        Self { bus, id, process: PhantomData }
    }

    /// Its id.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// What is known of it now.
    pub async fn metadata(&self) -> Result<ProcessMetadata, ProcessError> {
        let domain = &P::SPEC.domain;
        let found = self.bus.store().processes().find(domain, self.id).await?;
        found.ok_or_else(|| ProcessError::ProcessNotFound { domain: domain.clone(), id: self.id })
    }

    /// Its state, as it was after the last reply.
    pub async fn state(&self) -> Result<P, ProcessError> {
        let metadata = self.metadata().await?;
        P::deserialize(metadata.state).map_err(|source| ProcessError::Undecodable {
            process_type: P::SPEC.name,
            id: self.id,
            source,
        })
    }

    /// Waits for its end. A process with anything in troubleshooting has not ended: it goes on when an operator has
    /// resolved that. An outage of the database is waited for, too.
    pub async fn wait(&self) -> Result<ProcessMetadata, ProcessError> {
        let store = self.bus.store();
        let mut wakes = store.wakes();
        store.watch(&Wake::Process(P::SPEC.domain.clone()));
        loop {
            match self.metadata().await {
                Ok(process) if process.status.is_terminal() => return Ok(process),
                Err(ProcessError::Store(error)) if !error.is_transient() => return Err(error.into()),
                Err(error @ ProcessError::ProcessNotFound { .. }) => return Err(error),
                Ok(_) | Err(_) => {}
            }
            let ended = async {
                loop {
                    match wakes.recv().await {
                        Ok(Wake::Process(domain)) if domain == P::SPEC.domain => return,
                        Ok(Wake::Resync) | Err(RecvError::Lagged(_)) => return,
                        Ok(_) => {}
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            };
            tokio::select! {
                () = ended => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}

impl<P> Clone for Started<P> {
    fn clone(&self) -> Self {
        Self { bus: self.bus.clone(), id: self.id, process: PhantomData }
    }
}

impl<P> fmt::Debug for Started<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A process that was started in a transaction of the caller, who has yet to commit it.
#[derive(Debug)]
pub struct UncommittedProcess<P>(Started<P>);

impl<P: Process> UncommittedProcess<P> {
    pub(super) fn new(started: Started<P>) -> Self {
        Self(started)
    }

    /// Its id.
    pub fn id(&self) -> ProcessId {
        self.0.id
    }

    /// To be called after the commit: from then on there is something to wait for.
    pub fn committed(self) -> Started<P> {
        self.0
    }
}

/// What can go wrong when a process is asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// There is no such process.
    #[error("domain `{domain}` has no process {id}: check both, or it was removed after it ended")]
    ProcessNotFound {
        /// The domain.
        domain: Domain,
        /// The id.
        id: ProcessId,
    },
    /// Its state is not one of the type as it is now.
    #[error("the state of process {id} is not a `{process_type}`: {source}")]
    Undecodable {
        /// The name of its type.
        process_type: &'static str,
        /// The process.
        id: ProcessId,
        /// What the decoder said.
        source: serde_json::Error,
    },
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}
