//! Routing reads the processes of its group, however many others there are, and whatever the planner believes.

use commandbus::{
    message::{Domain, ProcessStatus, Reply},
    store::{
        Moved, NewProcess, ProcessMove, ProcessStore as _, Settlement, StepAnswer, Store as _, postgres::PostgresStore,
    },
};
use commandbus_tests::TestDatabase;
use sqlx::{Connection, PgConnection};

use super::{GROUP, GROUPS};
use crate::{
    contract::world::process::{TRANSFERS, transfer},
    support::{LEASE, complete, eventually},
};

/// How many rows were read of a table, by scans of it and of its indexes. Complete when nobody else is connected.
async fn rows_read(url: &str, table: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    eventually(
        &mut connection,
        "select not exists (select from pg_stat_activity where datname = current_database()
                            and backend_type = 'client backend' and pid <> pg_backend_pid())",
    )
    .await;
    let read = sqlx::query_scalar(
        "select (t.seq_tup_read + (select sum(i.idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid))::bigint
         from pg_stat_user_tables t where t.schemaname = 'commandbus' and t.relname = $1",
    )
    .bind(table)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    read
}

async fn settle_steps(store: &PostgresStore, domain: &Domain) {
    let received = store.receive(domain, GROUP, LEASE).await.unwrap();
    let settlements: Vec<_> =
        received.deliveries.iter().map(|delivery| Settlement { token: delivery.token, verdict: complete() }).collect();
    store.settle(domain, &settlements).await.unwrap();
}

/// Takes in a group of replies; how many processes ended with it.
async fn route(store: &PostgresStore) -> usize {
    let replies = store.receive_replies(&TRANSFERS, GROUP, LEASE).await.unwrap().replies;
    let replies: Vec<(i64, Reply)> =
        replies.iter().map(|reply| (reply.msg_id, serde_json::from_str(reply.body.get()).unwrap())).collect();
    let ids: Vec<_> = replies.iter().map(|(_, reply)| reply.correlation_id.unwrap().into()).collect();
    let records = store.load(&TRANSFERS, &ids).await.unwrap();
    let moves: Vec<ProcessMove> = records
        .into_iter()
        .map(|record| {
            let (msg_id, reply) = replies
                .iter()
                .find(|(_, reply)| reply.correlation_id == Some(record.process_id.as_uuid()))
                .expect("it was loaded for a reply");
            ProcessMove {
                process_id: record.process_id,
                revision: record.revision,
                status: ProcessStatus::Completed,
                current_step: None,
                state: record.state,
                cause: None,
                ends_as: None,
                answers: vec![StepAnswer {
                    msg_id: *msg_id,
                    command_id: reply.command_id,
                    outcome: reply.outcome,
                    data: None,
                }],
                steps: Vec::new(),
                look_again: None,
            }
        })
        .collect();
    let moved = store.advance(&TRANSFERS, &moves).await.unwrap();
    assert!(moved.iter().all(|moved| *moved == Moved::Recorded));
    moved.len()
}

#[tokio::test]
async fn routing_reads_the_processes_of_its_group_only() {
    let database = TestDatabase::new().await;
    let store = PostgresStore::new(database.pool().await);
    let mut domain = None;
    for _ in 0..GROUPS {
        let processes: Vec<NewProcess> = (0..GROUP).map(|_| transfer(&["debit"])).collect();
        domain = Some(processes[0].steps[0].domain.clone());
        store.start(&TRANSFERS, &processes, None).await.unwrap();
    }
    let domain = domain.unwrap();

    let mut ended = 0;
    for _ in 0..GROUPS {
        settle_steps(&store, &domain).await;
        ended += route(&store).await;
    }
    assert_eq!(ended, GROUPS * GROUP);
    drop(store);

    for table in ["process", "process_audit"] {
        let read = rows_read(database.url(), table).await;
        let bound = 60 * i64::try_from(ended).unwrap();
        assert!(read < bound, "{read} rows of {table} were read to move {ended} processes");
    }
}
