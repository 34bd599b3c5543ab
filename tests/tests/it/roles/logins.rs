//! A database with the roles, and people who log in as members of them.

use std::sync::Arc;

use commandbus::{message::Domain, prelude::*, store::postgres::PostgresStore};
use sqlx::{
    AssertSqlSafe, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::{house::House, support::PAYMENTS};

pub(super) static BILLING: Domain = Domain::from_static("billing");

/// A house whose owner has made the roles, and senders of `payments` and `billing`.
pub(super) struct Guarded {
    pub(super) house: House,
}

/// Somebody who has logged in.
pub(super) struct Login {
    pub(super) name: String,
    pub(super) bus: Bus,
    pub(super) pool: PgPool,
}

impl Guarded {
    pub(super) async fn new() -> Self {
        let house = House::new().await;
        house.bus.system().ensure_queues(&BILLING).await.unwrap();
        let guarded = Self { house };
        guarded.store().make_roles(&[PAYMENTS.clone(), BILLING.clone()]).await.unwrap();
        guarded
    }

    pub(super) fn store(&self) -> &PostgresStore {
        self.house.bus.store().as_postgres().unwrap()
    }

    /// Makes a member of these roles and logs in as it. Logins are of the whole cluster: it has a name of its own.
    pub(super) async fn login(&self, groups: &[&str]) -> Login {
        let name = format!("commandbus_test_{}", Uuid::now_v7().simple());
        self.house.run(&format!("create role {name} login password 'secret'")).await;
        for group in groups {
            self.house.run(&format!("grant {group} to {name}")).await;
        }
        let options: PgConnectOptions = self.house.url().parse().unwrap();
        let options = options.username(&name).password("secret");
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
        Login { bus: Bus::from_store(Arc::new(PostgresStore::new(pool.clone()))), pool, name }
    }

    /// Logins and what they were granted outlast a database.
    pub(super) async fn end(self, logins: impl IntoIterator<Item = Login>) {
        for Login { name, bus, pool } in logins {
            drop(bus);
            pool.close().await;
            self.house.run(&format!("drop owned by {name}; drop role {name}")).await;
        }
    }
}

impl Login {
    /// What becomes of SQL that this login tries: the SQLSTATE of the refusal, nothing when it was done.
    pub(super) async fn tries(&self, sql: &str) -> Option<String> {
        // On one connection, for what is set before.
        let mut connection = self.pool.acquire().await.unwrap();
        let tried = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *connection).await;
        let _ = sqlx::raw_sql("rollback; reset all; discard temp").execute(&mut *connection).await;
        let error = tried.err()?;
        let error = error.as_database_error().unwrap_or_else(|| panic!("{sql}: {error}"));
        Some(error.code().unwrap().into_owned())
    }

    /// Each of these is refused for want of rights, and for nothing else.
    pub(super) async fn is_refused(&self, attempts: &[&str]) {
        for sql in attempts {
            assert_eq!(self.tries(sql).await.as_deref(), Some("42501"), "{}: {sql}", self.name);
        }
    }
}

/// What nobody but the owner may do.
pub(super) const FOR_THE_OWNER: &[&str] = &[
    "create table commandbus.mine (id int)",
    "create function commandbus.mine() returns int language sql as 'select 1'",
    "create or replace function commandbus.may_send(p_domain text) returns boolean language sql as 'select true'",
    "alter table commandbus.command add column mine int",
    "drop table commandbus.audit",
    "truncate commandbus.audit",
    "update commandbus.audit set details_json = null",
    "delete from commandbus.audit",
    "delete from commandbus.command",
    "delete from commandbus.batch",
    "insert into commandbus.schema_migrations values (999, 'mine')",
    "select pgmq.create('mine')",
    "select commandbus.ensure_queue('mine__commands')",
    "select pgmq.drop_queue('payments__commands')",
    "select pg_catalog.pg_read_file('/etc/passwd')",
    "delete from pgmq.a_payments__commands",
    "delete from pgmq.meta",
    "select commandbus.make_roles('{payments}')",
    "set session_replication_role = replica",
    "set role pg_write_all_data",
];
