use commandbus::message::{BatchId, BatchStatus, CommandId, CommandStatus};
use commandbus::store::postgres::{PostgresStore, migrate};
use commandbus::store::{OperatorVerb, Page, ParkedFilter, Resolution, Settled, Settlement, Store};
use commandbus_tests::TestDatabase;
use sqlx::PgPool;

use super::{description, exists};
use crate::support::{LEASE, PAYMENTS, ask, by_operator, column, complete, run};

const FIRST_VERSION: &str = include_str!("../../fixtures/original_schema.sql");
const SECOND_VERSION: &str = include_str!("../../fixtures/original_second_version.sql");
const DATA: &str = include_str!("../../fixtures/original_data.sql");

/// A database of the original with work under way, and the store after the migration.
struct Adopted {
    pool: PgPool,
    store: PostgresStore,
    _database: TestDatabase,
}

impl Adopted {
    async fn from(schema: &[&str]) -> Self {
        let database = TestDatabase::empty().await;
        let pool = database.pool().await;
        pgmq::install::install_sql_from_embedded(&pool).await.unwrap();
        for sql in schema {
            run(&pool, sql).await;
        }
        run(&pool, DATA).await;
        migrate(&pool).await.unwrap();
        Self { store: PostgresStore::new(pool.clone()), pool, _database: database }
    }

    async fn status(&self, n: u32) -> CommandStatus {
        self.store.command(&PAYMENTS, command(n)).await.unwrap().unwrap().status
    }

    async fn batch(&self, n: u32) -> commandbus::message::BatchMetadata {
        self.store.batches(&PAYMENTS, &[batch(n)]).await.unwrap().remove(0)
    }
}

fn command(n: u32) -> CommandId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

fn batch(n: u32) -> BatchId {
    format!("00000000-0000-4000-8000-00000000b{n:03}").parse().unwrap()
}

#[tokio::test]
async fn the_first_version_of_the_original_becomes_the_schema_of_a_new_database() {
    let adopted = Adopted::from(&[FIRST_VERSION]).await;

    let fresh = description(&TestDatabase::new().await.pool().await).await;
    assert_eq!(description(&adopted.pool).await, fresh);
}

#[tokio::test]
async fn its_second_version_becomes_the_same_but_for_the_order_of_columns() {
    let adopted = Adopted::from(&[FIRST_VERSION, SECOND_VERSION]).await;

    let fresh = description(&TestDatabase::new().await.pool().await).await;
    assert_eq!(description(&adopted.pool).await, fresh);
    for index in ["ix_command_status_type", "ix_command_status_created", "ix_command_updated", "ix_batch_status"] {
        assert!(!exists(&adopted.pool, &format!("commandbus.{index}")).await, "{index}");
    }
}

#[tokio::test]
async fn no_row_is_lost_and_what_was_right_stays_as_it_was() {
    let adopted = Adopted::from(&[FIRST_VERSION, SECOND_VERSION]).await;

    let counts: Vec<i64> = column(
        &adopted.pool,
        "select count(*) from commandbus.command union all select count(*) from commandbus.audit where event_type = 'SENT'
         union all select count(*) from commandbus.payload_archive",
    )
    .await;
    assert_eq!(counts, [13, 13, 1]);
    for (n, expected) in [
        (1, CommandStatus::Completed),
        (2, CommandStatus::InTroubleshooting),
        (3, CommandStatus::Pending),
        (4, CommandStatus::InProgress),
        (9, CommandStatus::Canceled),
    ] {
        assert_eq!(adopted.status(n).await, expected, "command {n}");
    }
}

#[tokio::test]
async fn rows_that_could_not_be_are_mended_and_an_unknown_status_is_for_an_operator() {
    let adopted = Adopted::from(&[FIRST_VERSION]).await;

    let unknown = adopted.store.command(&PAYMENTS, command(11)).await.unwrap().unwrap();
    assert_eq!(unknown.status, CommandStatus::InTroubleshooting);
    assert_eq!(unknown.last_error_msg.as_deref(), Some("adopted with status \"PROCESSING\""));
    let worn = adopted.store.command(&PAYMENTS, command(12)).await.unwrap().unwrap();
    assert_eq!((worn.attempts, worn.max_attempts), (7, 7));
    let hopeless = adopted.store.command(&PAYMENTS, command(13)).await.unwrap().unwrap();
    assert_eq!((hopeless.attempts, hopeless.max_attempts), (0, 1));
}

#[tokio::test]
async fn open_batches_are_recounted_and_ended_ones_left_alone() {
    let adopted = Adopted::from(&[FIRST_VERSION]).await;

    let open = adopted.batch(1).await;
    assert_eq!(open.status, BatchStatus::InProgress);
    assert_eq!((open.completed_count, open.in_troubleshooting_count, open.open_count()), (1, 1, 2));
    let done = adopted.batch(2).await;
    assert_eq!((done.status, done.completed_count), (BatchStatus::Completed, 2));
    let ended = adopted.batch(3).await;
    assert_eq!(ended.status, BatchStatus::CompletedWithFailures);
    assert_eq!((ended.total_count, ended.completed_count, ended.canceled_count), (5, 4, 1));
    assert_eq!(adopted.batch(4).await.status, BatchStatus::InProgress);
    let missing = adopted.batch(5).await;
    assert_eq!((missing.status, missing.total_count, missing.completed_count), (BatchStatus::Completed, 1, 1));

    let completions: Vec<uuid::Uuid> = column(
        &adopted.pool,
        "select command_id from commandbus.audit where event_type = 'BATCH_COMPLETED' order by 1",
    )
    .await;
    assert_eq!(completions, [batch(2).as_uuid(), batch(5).as_uuid()]);
}

#[tokio::test]
async fn the_operators_list_holds_what_was_parked() {
    let adopted = Adopted::from(&[FIRST_VERSION, SECOND_VERSION]).await;

    let mut parked = adopted.store.parked(&ParkedFilter::default(), Page::first(10)).await.unwrap();
    parked.sort_by_key(|parked| parked.command_id);
    let found: Vec<_> = parked
        .iter()
        .map(|parked| (parked.command_id, parked.reason.as_str(), parked.error_code.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            (command(2), "EXHAUSTED", "BUSY"),
            (command(10), "PERMANENT", "NO_ACCOUNT"),
            (command(11), "PERMANENT", "UNKNOWN_STATUS"),
        ]
    );
    assert_eq!(parked[0].payload, Some(serde_json::json!({"n": 2})));
}

#[tokio::test]
async fn adopted_work_goes_on() {
    let adopted = Adopted::from(&[FIRST_VERSION]).await;
    let store = &adopted.store;

    let received = store.receive(&PAYMENTS, 100, LEASE).await.unwrap();
    let mut ids: Vec<CommandId> = received.deliveries.iter().map(|delivery| delivery.token.command_id).collect();
    ids.sort();
    assert_eq!(ids, [3, 4, 7, 13].map(command));
    assert_eq!(received.parked, [command(12)], "its attempts were used up");
    assert_eq!(received.strays.len(), 1, "the message of the unknown status: {:?}", received.strays);

    let settlements: Vec<Settlement> =
        received.deliveries.iter().map(|delivery| Settlement { token: delivery.token, verdict: complete() }).collect();
    let settled = store.settle(&PAYMENTS, &settlements).await.unwrap().answers;
    assert!(settled.iter().all(|settled| *settled == Settled::Recorded));
    assert_eq!(adopted.batch(4).await.status, BatchStatus::Completed);
    assert_eq!(adopted.batch(1).await.status, BatchStatus::InProgress, "one of it is parked");

    let verb = OperatorVerb::Complete { result: None };
    let resolved = store.resolve(&PAYMENTS, &[by_operator(command(2), verb)]).await.unwrap();
    assert_eq!(resolved, [Resolution::Done]);
    assert_eq!(adopted.batch(1).await.status, BatchStatus::Completed);
    let retried =
        store.resolve(&PAYMENTS, &[by_operator(command(11), OperatorVerb::Retry { payload: None })]).await.unwrap();
    assert_eq!(retried, [Resolution::Done]);
}

#[tokio::test]
async fn the_procedures_answer_with_the_rules_of_ours_after_the_adoption() {
    let adopted = Adopted::from(&[FIRST_VERSION, SECOND_VERSION]).await;

    let delivered: i32 = ask(
        &adopted.pool,
        &format!("select attempts from commandbus.sp_receive_command('payments', '{}', p_msg_id => 3)", command(3)),
    )
    .await;
    assert_eq!(delivered, 1);
    let ended: bool = ask(
        &adopted.pool,
        &format!("select commandbus.sp_finish_command('payments', '{}', 'COMPLETED', 'COMPLETED')", command(3)),
    )
    .await;
    assert!(!ended);
    let (completed, complete): (i64, bool) =
        sqlx::query_as("select completed_count, is_complete from commandbus.sp_refresh_batch_stats('payments', $1)")
            .bind(batch(1).as_uuid())
            .fetch_one(&adopted.pool)
            .await
            .unwrap();
    assert_eq!((completed, complete), (2, false));
}
