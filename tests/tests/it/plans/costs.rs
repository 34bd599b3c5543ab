//! What a command costs: its share of the calls of its group, and bytes of the write-ahead log. On a server of its own, for
//! the log is one for all databases.

use commandbus::{
    embedded::{Durability, EmbeddedPostgres},
    handlers,
    message::BatchStatus,
    prelude::*,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::eventually;

const MEMBERS: i64 = 5_000;
/// As many as are handled at once.
const GROUP: i64 = 100;

#[command(domain = "costing")]
#[derive(Serialize, Deserialize)]
struct Charge {
    account: i64,
}

#[handler]
async fn charge(_: Charge) {}

/// What the server counted so far.
#[derive(Debug)]
struct Costs {
    receives: i64,
    settlements: i64,
    log_bytes: i64,
}

impl Costs {
    /// Complete when nobody else is connected.
    async fn of(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        eventually(
            &mut connection,
            "select not exists (select from pg_stat_activity where datname = current_database()
                                and backend_type = 'client backend' and pid <> pg_backend_pid())",
        )
        .await;
        let calls = "select coalesce(sum(f.calls), 0)::bigint from pg_stat_user_functions f where f.funcname =";
        let (receives, settlements, log_bytes) = sqlx::query_as(AssertSqlSafe(format!(
            "select ({calls} 'receive_commands'), ({calls} 'settle_commands'),
                    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
        )))
        .fetch_one(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
        Self { receives, settlements, log_bytes }
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            receives: self.receives - before.receives,
            settlements: self.settlements - before.settlements,
            log_bytes: self.log_bytes - before.log_bytes,
        }
    }
}

#[tokio::test]
async fn a_group_is_received_by_one_call_and_settled_by_one_and_a_command_logs_no_more_than_it_must() {
    let postgres = EmbeddedPostgres::builder()
        .durability(Durability::Relaxed)
        .setting("track_functions", "pl")
        .setting("autovacuum", "off")
        .start()
        .await
        .unwrap();
    let bus = Bus::connect(postgres.url()).await.unwrap();
    bus.migrate().await.unwrap();
    bus.store().ensure_queues(&Charge::SPEC.domain, &[]).await.unwrap();
    drop(bus);

    let before = Costs::of(postgres.url()).await;
    let bus = Bus::connect(postgres.url()).await.unwrap();
    let members = (0..MEMBERS).map(|account| Charge { account });
    let id = Charge::batch("Monthly billing").extend(members).send(&bus).await.unwrap().id();
    drop(bus);
    let sent = Costs::of(postgres.url()).await;
    let sending = sent.since(&before);
    // 1,112 bytes: the row with its three indexes, an entry of the audit trail, the message.
    assert!(sending.log_bytes < 1_300 * MEMBERS, "{sending:?}");

    let bus = Bus::connect(postgres.url()).await.unwrap();
    let worker = Worker::new(&bus, "costing").handlers(handlers![charge]).concurrency(100).build().unwrap();
    let batch = bus.batch(&Charge::SPEC.domain, id).await.unwrap();
    worker.run_until(async { batch.wait().await.map(drop).unwrap() }).await.unwrap();
    assert_eq!(batch.metadata().await.unwrap().status, BatchStatus::Completed);
    drop((bus, batch));
    let draining = Costs::of(postgres.url()).await.since(&sent);
    // 1,773 bytes: two updates of the row, two entries of the audit trail, the message hidden and deleted.
    assert!(draining.log_bytes < 2_300 * MEMBERS, "{draining:?}");
    // 53 and 37; the last groups are small, and those that a slow machine gathers.
    assert!(draining.receives <= 3 * MEMBERS / GROUP, "{draining:?}");
    assert!(draining.settlements <= 3 * MEMBERS / GROUP, "{draining:?}");
}
