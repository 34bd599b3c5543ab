//! Transactions of handlers and of callers.

use std::time::Duration;

use commandbus::error::StoreError;
use commandbus::message::CommandStatus;
use commandbus::store::postgres::HandlerTransaction;
use commandbus::store::{Acceptance, Settled, Settlement, Store};
use sqlx::PgConnection;

use crate::support::{Bench, LEASE, PAYMENTS, complete, debit, eventually, new_batch};

/// A delivery, the transaction of its handler, and a row that the handler wrote in it.
async fn handler(bench: &Bench) -> (Settlement, HandlerTransaction) {
    let token = bench.received().await.token;
    let mut transaction = bench.store.begin_handler(token, LEASE, None).await.unwrap();
    write(&mut transaction).await.unwrap();
    (Settlement { token, verdict: complete() }, transaction)
}

async fn write(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("insert into ledger values (1)").execute(connection).await?;
    Ok(())
}

async fn bench_with_ledger() -> Bench {
    let bench = Bench::new().await;
    bench.run("create table ledger (entry int unique deferrable initially deferred)").await;
    bench.sent(3).await;
    bench
}

async fn entries(bench: &Bench) -> i64 {
    bench.ask("select count(*) from ledger").await
}

fn code_of(error: &StoreError) -> String {
    match error {
        StoreError::Database { source } => {
            source.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned()
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_a_handler_wrote_commits_with_its_settlement() {
    let bench = bench_with_ledger().await;
    let (settlement, mut transaction) = handler(&bench).await;

    let settled = bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap();
    assert_eq!(settled, Settled::Recorded);
    let id = settlement.token.command_id;
    assert_eq!((entries(&bench).await, bench.command(id).await.status), (0, CommandStatus::InProgress));

    transaction.commit().await.unwrap();
    assert_eq!((entries(&bench).await, bench.command(id).await.status), (1, CommandStatus::Completed));
    assert_eq!(bench.queued().await, 0);
}

#[tokio::test]
async fn a_handler_that_ends_its_transaction_by_itself_is_refused() {
    for ending in ["commit", "rollback", "commit; begin", "rollback; begin"] {
        let bench = bench_with_ledger().await;
        let (settlement, mut transaction) = handler(&bench).await;
        sqlx::raw_sql(ending).execute(&mut *transaction).await.unwrap();

        let refused = bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap_err();

        assert_eq!(code_of(&refused), "CB002", "{ending}: {refused}");
        drop(transaction);
        assert_eq!(bench.command(settlement.token.command_id).await.status, CommandStatus::InProgress, "{ending}");
    }
}

#[tokio::test]
async fn a_transaction_of_another_delivery_does_not_settle_this_one() {
    let bench = bench_with_ledger().await;
    let (settlement, mut transaction) = handler(&bench).await;
    bench.sent(3).await;
    let other = Settlement { token: bench.received().await.token, verdict: complete() };

    let refused = bench.store.settle_within(&mut transaction, &PAYMENTS, &other).await.unwrap_err();

    assert_eq!(code_of(&refused), "CB002");
    transaction.rollback().await.unwrap();
    assert_eq!(bench.settle(settlement.token, complete()).await, Settled::Recorded);
}

#[tokio::test]
async fn a_handler_that_swallows_an_error_of_the_database_cannot_settle() {
    let bench = bench_with_ledger().await;
    let (settlement, mut transaction) = handler(&bench).await;
    sqlx::query("select 1 / 0").execute(&mut *transaction).await.unwrap_err();

    let refused = bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap_err();

    assert_eq!(code_of(&refused), "25P02");
    transaction.rollback().await.unwrap();
    assert_eq!(entries(&bench).await, 0);
    assert_eq!(bench.settle(settlement.token, complete()).await, Settled::Recorded);
}

#[tokio::test]
async fn a_constraint_that_fails_at_the_commit_takes_the_settlement_with_it() {
    let bench = bench_with_ledger().await;
    let (settlement, mut transaction) = handler(&bench).await;
    write(&mut transaction).await.unwrap();
    bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap();

    transaction.commit().await.unwrap_err();

    let id = settlement.token.command_id;
    assert_eq!((entries(&bench).await, bench.command(id).await.status), (0, CommandStatus::InProgress));
    assert_eq!(bench.trail(id.as_uuid()).await, ["SENT", "RECEIVED"]);
    assert_eq!(bench.queued().await, 1);
}

/// Handles deliveries until one could be committed together with the begin of the next one; that one, and how many entries
/// each of them wrote, one after the other.
async fn followed(bench: &Bench) -> (HandlerTransaction, i64) {
    let mut token = bench.received().await.token;
    for entry in 1.. {
        let mut transaction = bench.store.begin_handler(token, LEASE, None).await.unwrap();
        sqlx::query("insert into ledger values ($1)").bind(entry).execute(&mut *transaction).await.unwrap();
        let settlement = Settlement { token, verdict: complete() };
        bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap();
        bench.sent(1).await;
        token = bench.received().await.token;
        let begun = bench.store.commit_and_begin_handler(transaction, token, LEASE, Some(LEASE)).await.unwrap();
        // None where all of this took so long that the connection had to go back.
        let Some(mut begun) = begun else { continue };
        let mark = "select current_setting('commandbus.delivery')";
        let mark: String = sqlx::query_scalar(mark).fetch_one(&mut *begun).await.unwrap();
        assert_eq!(mark, format!("{}:{}", token.command_id, token.delivery));
        return (begun, i64::from(entry));
    }
    unreachable!("there are more numbers")
}

#[tokio::test]
async fn a_transaction_begins_with_the_commit_of_the_one_before() {
    let bench = bench_with_ledger().await;
    let (mut begun, before) = followed(&bench).await;
    assert_eq!(entries(&bench).await, before, "what came before is committed");
    sqlx::query("insert into ledger values (0)").execute(&mut *begun).await.unwrap();
    begun.rollback().await.unwrap();
    assert_eq!(entries(&bench).await, before, "and has nothing to do with what becomes of this one");
}

#[tokio::test]
async fn a_commit_that_fails_begins_nothing() {
    let bench = bench_with_ledger().await;
    let (mut begun, before) = followed(&bench).await;
    write(&mut begun).await.unwrap();
    bench.sent(1).await;
    let next = bench.received().await.token;
    bench.store.commit_and_begin_handler(begun, next, LEASE, None).await.unwrap_err();
    assert_eq!(entries(&bench).await, before);
    let mut connection = bench.pool.acquire().await.unwrap();
    let none_is_open = "select not exists (select from pg_stat_activity where datname = current_database()
                                           and state like 'idle in transaction%')";
    eventually(&mut connection, none_is_open).await;
}

#[tokio::test]
async fn a_handler_that_was_too_slow_rolls_back_and_the_command_runs_once() {
    let bench = bench_with_ledger().await;
    let (late, mut transaction) = handler(&bench).await;
    bench.expire_leases().await;
    let (current, mut next) = handler(&bench).await;

    let settled = bench.store.settle_within(&mut transaction, &PAYMENTS, &late).await.unwrap();
    assert_eq!(settled, Settled::Stale);
    transaction.rollback().await.unwrap();
    bench.store.settle_within(&mut next, &PAYMENTS, &current).await.unwrap();
    next.commit().await.unwrap();

    assert_eq!(entries(&bench).await, 1);
}

#[tokio::test]
async fn a_handler_that_sits_idle_loses_its_transaction() {
    let bench = bench_with_ledger().await;
    let token = bench.received().await.token;
    let mut transaction = bench.store.begin_handler(token, Duration::from_millis(1), None).await.unwrap();
    let mut connection = bench.pool.acquire().await.unwrap();
    eventually(
        &mut connection,
        "select not exists (select from pg_stat_activity where datname = current_database() and state <> 'idle'
                            and backend_type = 'client backend' and pid <> pg_backend_pid())",
    )
    .await;
    drop(connection);

    let settlement = Settlement { token, verdict: complete() };
    bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap_err();
    drop(transaction);
    assert_eq!(bench.settle(token, complete()).await, Settled::Recorded);
}

#[tokio::test]
async fn an_open_transaction_holds_up_only_its_own_id() {
    let bench = Bench::new().await;
    let (held, free) = (debit(3), debit(3));
    let mut caller = bench.pool.begin().await.unwrap();
    let answer = bench.store.send_within(&mut caller, &PAYMENTS, std::slice::from_ref(&held)).await.unwrap();
    assert_eq!(answer, [Acceptance::Sent]);

    bench.send(std::slice::from_ref(&free)).await;
    let conflict = bench.store.send(&PAYMENTS, std::slice::from_ref(&held)).await.unwrap_err();

    assert!(matches!(&conflict, StoreError::Conflict { code } if code == "55P03"), "{conflict}");
    assert!(conflict.is_transient());
    assert_eq!(bench.received().await.token.command_id, free.command_id, "the other is not sent yet");
    caller.rollback().await.unwrap();
    assert_eq!(bench.store.send(&PAYMENTS, &[held]).await.unwrap(), [Acceptance::Sent]);
}

#[tokio::test]
async fn the_lock_timeout_of_a_send_does_not_stay_on_its_connection() {
    let bench = Bench::new().await;
    bench.sent(3).await;

    for _ in 0..bench.pool.size() {
        assert_eq!(bench.ask::<String>("select current_setting('lock_timeout')").await, "0");
    }
}

#[tokio::test]
async fn a_duplicate_inside_a_callers_transaction_leaves_it_usable() {
    let bench = Bench::new().await;
    let (known, new) = (debit(3), debit(3));
    bench.send(std::slice::from_ref(&known)).await;
    let mut caller = bench.pool.begin().await.unwrap();

    let answers =
        bench.store.send_within(&mut caller, &PAYMENTS, &[known.clone(), new.clone(), new.clone()]).await.unwrap();
    assert_eq!(answers, [Acceptance::Duplicate, Acceptance::Sent, Acceptance::Duplicate]);
    let mut writer = bench.store.begin_batch_within(&mut caller, new_batch(None)).await.unwrap();
    writer.add(&[debit(3), known.clone()]).await.unwrap();
    assert_eq!(writer.finish().await.unwrap().map_err(|duplicates| duplicates.commands), Err(vec![known.command_id]));
    caller.commit().await.unwrap();

    assert_eq!(bench.queued().await, 2);
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.command").await, 2);
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.batch").await, 0);
}

#[tokio::test]
async fn the_fate_of_a_callers_transaction_is_known_by_its_id() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    let mut open = bench.pool.begin().await.unwrap();
    ids.push(bench.store.transaction_id(&mut open).await.unwrap());
    let mut committed = bench.pool.begin().await.unwrap();
    ids.push(bench.store.transaction_id(&mut committed).await.unwrap());
    committed.commit().await.unwrap();
    let mut rolled_back = bench.pool.begin().await.unwrap();
    ids.push(bench.store.transaction_id(&mut rolled_back).await.unwrap());
    rolled_back.rollback().await.unwrap();

    assert_eq!(bench.store.rolled_back(&ids).await.unwrap(), [false, false, true]);
}
