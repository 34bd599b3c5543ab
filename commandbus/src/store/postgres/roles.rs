//! The roles of the database: who may send to a domain, work, operate, or look.

use super::{PostgresStore, connections::Call};
use crate::{error::StoreError, message::Domain};

impl PostgresStore {
    /// Makes the roles `commandbus_reader`, `commandbus_worker`, `commandbus_operator`, and `commandbus_send_{domain}` for
    /// each domain, where they are missing, and grants them what they need in this database; returns how many were made.
    /// Nobody can log in as one of them: they are granted to those who can.
    ///
    /// To be called again when a domain is added. Roles belong to the whole cluster: making them takes `createrole`, and
    /// granting the ownership of the tables.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotPermitted`] when this role may not do that; nothing was changed then.
    pub async fn make_roles(&self, domains: &[Domain]) -> Result<u32, StoreError> {
        self.ready().await?;
        let made: i32 =
            sqlx::query_scalar("select commandbus.make_roles($1)").bind(names(domains)).call_one(&self.pool).await?;
        Ok(made.unsigned_abs())
    }

    /// What [`make_roles`](Self::make_roles) would do now, as SQL, for those who do it by hand.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot be asked.
    pub async fn role_statements(&self, domains: &[Domain]) -> Result<Vec<String>, StoreError> {
        self.ready().await?;
        Ok(sqlx::query_scalar("select commandbus.role_statements($1)")
            .bind(names(domains))
            .call_all(&self.pool)
            .await?)
    }
}

fn names(domains: &[Domain]) -> Vec<&str> {
    domains.iter().map(Domain::as_str).collect()
}
