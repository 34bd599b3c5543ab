//! Removing what is over.

use sqlx::{Row, types::Json};

use crate::{
    error::StoreError,
    store::{
        Prunable, PruneChunk, Pruned,
        postgres::{PostgresStore, connections::Call},
    },
};

impl PostgresStore {
    pub(super) async fn prune_chunk(&self, chunk: &PruneChunk) -> Result<(Pruned, Option<String>), StoreError> {
        self.ready().await?;
        let row = sqlx::query(procedure(chunk.what))
            .bind(chunk.before)
            .bind(chunk.after.as_deref())
            .bind(i32::try_from(chunk.limit).unwrap_or(i32::MAX))
            .bind(chunk.dry_run)
            .call_one(&self.pool)
            .await?;
        let Json(removed) = row.try_get("removed")?;
        Ok((removed, row.try_get("next")?))
    }
}

const fn procedure(what: Prunable) -> &'static str {
    match what {
        Prunable::Results => "select next, removed from commandbus.prune_results($1, $2, $3, $4)",
        Prunable::Processes => "select next, removed from commandbus.prune_processes($1, $2, $3, $4)",
        Prunable::Commands => "select next, removed from commandbus.prune_commands($1, $2, $3, $4)",
        Prunable::Batches => "select next, removed from commandbus.prune_batches($1, $2, $3, $4)",
        Prunable::Archives => "select next, removed from commandbus.prune_archives($1, $2, $3, $4)",
        Prunable::StrayReplies => "select next, removed from commandbus.prune_replies('STRAY', $1, $2, $3, $4)",
        Prunable::ParkedReplies => "select next, removed from commandbus.prune_replies('PARKED', $1, $2, $3, $4)",
        Prunable::Operations => "select next, removed from commandbus.prune_operations($1, $2, $3, $4)",
        Prunable::UndeliveredReplies => {
            "select next, removed from commandbus.prune_replies('UNDELIVERED', $1, $2, $3, $4)"
        }
    }
}
