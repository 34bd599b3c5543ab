//! What is not over.

use sqlx::{Row, postgres::PgRow};

use super::{PostgresStore, ask::domain, connections::Call, operate::status, work::count};
use crate::{
    error::StoreError,
    store::{CommandCount, Inventory, ProcessCount},
};

impl PostgresStore {
    pub(super) async fn take_inventory(&self) -> Result<Inventory, StoreError> {
        self.ready().await?;
        let commands =
            sqlx::query("select domain, command_type, version, status, total from commandbus.inventory_of_commands()")
                .call_all(&self.pool)
                .await?;
        let processes =
            sqlx::query("select domain, process_type, step_name, total from commandbus.inventory_of_processes()")
                .call_all(&self.pool)
                .await?;
        let commands = commands.iter().map(commands_of).collect::<Result<_, _>>()?;
        Ok(Inventory::sorted(commands, processes.iter().map(processes_of).collect::<Result<_, _>>()?))
    }
}

fn commands_of(row: &PgRow) -> Result<CommandCount, sqlx::Error> {
    Ok(CommandCount {
        domain: domain(row)?,
        command_type: row.try_get("command_type")?,
        version: count(row, "version")?,
        status: status(row.try_get("status")?)?,
        count: total(row)?,
    })
}

fn processes_of(row: &PgRow) -> Result<ProcessCount, sqlx::Error> {
    Ok(ProcessCount {
        domain: domain(row)?,
        process_type: row.try_get("process_type")?,
        step_name: row.try_get("step_name")?,
        count: total(row)?,
    })
}

fn total(row: &PgRow) -> Result<u64, sqlx::Error> {
    Ok(row.try_get::<i64, _>("total")?.unsigned_abs())
}
