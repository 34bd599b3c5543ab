//! Large chunks of a batch are written by COPY, small ones by the procedure; nobody can tell which.

use std::time::Duration;

use commandbus::{
    error::StoreError,
    message::CommandId,
    store::{NewBatch, NewCommand, Start, Store, postgres::PostgresStore},
};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::support::{Bench, PAYMENTS, ask, assert_groups_are_sound, column, debit, json as raw, new_batch};

/// As many as are copied.
const MANY: usize = 500;

fn debits(count: usize) -> Vec<NewCommand> {
    (0..count).map(|_| debit(3)).collect()
}

/// Commands that differ in all that COPY writes, their ids not in their order.
fn varied() -> Vec<NewCommand> {
    let mut commands = debits(MANY);
    for (n, command) in commands.iter_mut().enumerate() {
        command.max_attempts = 1 + n as u32 % 7;
        command.data =
            raw(&json!({ "n": n, "text": "a \"quoted\" \\ line\nand ünïcode", "none": null, "deep": [[], {}] }));
        command.command_type = format!("Debit\"{}\"", n % 3).into();
        command.reply_to = [None, Some(PAYMENTS.replies_queue()), Some(String::new())][n % 3].clone();
        let headers = json!({ "traceparent": format!("00-{n:032x}-01"), "x-version": n });
        command.headers = [None, headers.as_object().cloned(), Some(serde_json::Map::new())][n % 3].clone();
    }
    commands.rotate_left(MANY / 3);
    commands
}

async fn write(store: &PostgresStore, batch: NewBatch, chunks: &[&[NewCommand]]) -> Result<u32, Vec<CommandId>> {
    let mut writer = store.begin_batch(batch).await.unwrap();
    for chunk in chunks {
        writer.add(chunk).await.unwrap();
    }
    writer.finish().await.unwrap().map_err(|duplicates| duplicates.commands)
}

/// What is stored, without times.
async fn stored(pool: &PgPool) -> Vec<Value> {
    column(
        pool,
        "select to_jsonb(c) - 'created_at' - 'updated_at' from (select * from commandbus.command order by msg_id) c
         union all select to_jsonb(a) - 'ts' from (select * from commandbus.audit order by audit_id) a
         union all select to_jsonb(q) - 'enqueued_at' - 'vt' from (select * from pgmq.q_payments__commands order by msg_id) q
         union all select to_jsonb(b) - 'created_at' from commandbus.batch b",
    )
    .await
}

/// Whether the commands were copied, which is done in a subtransaction.
async fn were_copied(pool: &PgPool) -> bool {
    ask(pool, "select every(c.xmin <> b.xmin) from commandbus.command c join commandbus.batch b using (batch_id)").await
}

async fn rows(pool: &PgPool) -> [i64; 4] {
    let counts: Vec<i64> = column(
        pool,
        "select count(*) from commandbus.command union all select count(*) from commandbus.audit
         union all select count(*) from pgmq.q_payments__commands union all select count(*) from commandbus.batch",
    )
    .await;
    counts.try_into().unwrap()
}

fn ids(commands: &[NewCommand]) -> Vec<CommandId> {
    commands.iter().map(|command| command.command_id).collect()
}

#[tokio::test]
async fn what_is_copied_is_what_the_procedure_writes() {
    let (copied, called) = tokio::join!(Bench::new(), Bench::new());
    let (batch, commands) = (new_batch(None), varied());

    assert_eq!(write(&copied.store, batch.clone(), &[&commands]).await, Ok(MANY as u32));
    // In a transaction of the caller nothing is copied.
    let mut transaction = called.pool.begin().await.unwrap();
    let mut writer = called.store.begin_batch_within(&mut transaction, batch).await.unwrap();
    writer.add(&commands).await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), Ok(MANY as u32));
    transaction.commit().await.unwrap();

    assert!(were_copied(&copied.pool).await);
    let (copied, called) = (stored(&copied.pool).await, stored(&called.pool).await);
    assert_eq!(copied.len(), 3 * MANY + 1);
    for (copied, called) in copied.into_iter().zip(called) {
        assert_eq!(copied, called);
    }
}

#[tokio::test]
async fn what_is_copied_is_received_at_once_and_in_order() {
    let bench = Bench::new().await;
    let commands = varied();
    write(&bench.store, new_batch(None), &[&commands]).await.unwrap();
    assert!(were_copied(&bench.pool).await);

    let received = bench.receive().await;

    let received: Vec<_> = received.deliveries.iter().map(|delivery| delivery.token.command_id).collect();
    assert_eq!(received, ids(&commands));
}

#[tokio::test]
async fn duplicates_among_what_is_copied_are_all_named_and_nothing_is_created() {
    let bench = Bench::new().await;
    let known = [debit(3), debit(3)];
    bench.send(&known).await;
    let before = rows(&bench.pool).await;
    let (mut first, mut second, mut third) = (debits(MANY), debits(MANY), debits(MANY));
    first[7] = known[0].clone();
    second[400] = second[3].clone();
    third[5] = first[11].clone();
    third[6] = known[1].clone();

    let duplicates = write(&bench.store, new_batch(None), &[&first, &second, &third]).await.unwrap_err();

    assert_eq!(duplicates, ids(&[first.remove(7), second.remove(400), third.remove(5), third.remove(5)]));
    assert_eq!(rows(&bench.pool).await, before);
    bench.run("truncate commandbus.command").await;
    write(&bench.store, new_batch(None), &[&debits(MANY)]).await.unwrap();
    assert!(were_copied(&bench.pool).await, "duplicates are no reason to copy no more");
}

#[tokio::test]
async fn of_two_batches_that_copy_one_id_at_once_exactly_one_is_created() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for round in 1..=5 {
        let (mine, mut theirs) = (debits(MANY), debits(MANY));
        theirs[3] = mine[400].clone();
        let shared = mine[400].command_id;
        let (mine, theirs): ([&[NewCommand]; 1], [&[NewCommand]; 1]) = ([&mine], [&theirs]);

        let answers =
            tokio::join!(write(&bench.store, new_batch(None), &mine), write(&other, new_batch(None), &theirs));

        let (created, refused) = (Ok(MANY as u32), Err(vec![shared]));
        assert!(answers == (created.clone(), refused.clone()) || answers == (refused, created), "{answers:?}");
        let members = round * MANY as i64;
        assert_eq!(rows(&bench.pool).await, [members, members, members, round]);
    }
}

#[tokio::test]
async fn groups_and_delays_are_kept_in_large_chunks() {
    let bench = Bench::new().await;
    let mut commands = debits(2 * MANY);
    for (n, command) in commands.iter_mut().enumerate().take(MANY) {
        command.headers = json!({ "x-pgmq-group": format!("{}", n % 10) }).as_object().cloned();
    }
    commands[MANY].start = Start::After(Duration::from_secs(60));
    let (grouped, delayed) = commands.split_at(MANY);

    write(&bench.store, new_batch(None), &[grouped, delayed]).await.unwrap();

    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.grouped_command").await, MANY as i64);
    assert_groups_are_sound(&bench.pool, &PAYMENTS).await;
    let hidden = "select count(*) from pgmq.q_payments__commands where vt between now() + '50 s' and now() + '70 s'";
    assert_eq!(bench.ask::<i64>(hidden).await, 1);
}

/// A store whose role may do what is granted to it.
async fn store_of_sender(bench: &Bench, role: &str, grants: &str) -> PostgresStore {
    bench
        .run(&format!(
            "create role {role};
             grant usage on schema commandbus, pgmq to {role};
             grant select on pgmq.meta, commandbus.schema_migrations to {role};
             {grants}"
        ))
        .await;
    let become_sender = format!("set role {role}");
    let options = PgPoolOptions::new().after_connect(move |connection, _| {
        let become_sender = become_sender.clone();
        Box::pin(async move {
            sqlx::raw_sql(sqlx::AssertSqlSafe(become_sender)).execute(connection).await?;
            Ok(())
        })
    });
    PostgresStore::new(options.connect(bench.database.url()).await.unwrap())
}

#[tokio::test]
async fn a_role_that_may_write_commands_and_not_copy_all_creates_large_batches() {
    let bench = Bench::new().await;
    let role = format!("sender_{}", uuid::Uuid::now_v7().simple());
    // Without the grant it would go through the procedures for senders from the first on.
    let definer = format!(
        "alter function commandbus.open_batch security definer;
         alter function commandbus.send_commands security definer;
         alter function commandbus.close_batch security definer;
         grant insert on commandbus.command to {role};"
    );
    let store = store_of_sender(&bench, &role, &definer).await;

    for size in [2 * MANY, 3 * MANY] {
        let commands = debits(size);
        let chunks: Vec<&[NewCommand]> = commands.chunks(MANY).collect();
        assert_eq!(write(&store, new_batch(None), &chunks).await, Ok(size as u32));
    }

    let members = 5 * MANY as i64;
    assert_eq!(rows(&bench.pool).await, [members, members, members, 2]);
    let copied =
        "select count(*) from commandbus.command c join commandbus.batch b using (batch_id) where c.xmin <> b.xmin";
    // What comes after a savepoint that was rolled back is in the transaction itself.
    assert_eq!(bench.ask::<i64>(copied).await, 0);
    drop(store);
    bench.run(&format!("drop owned by {role}; drop role {role}")).await;
}

/// Dropped half-way, nothing is created, and the pool goes on with connections that are in step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_dropped_while_it_is_copied_leaves_nothing() {
    let bench = Bench::new().await;
    for pause in 0..20 {
        let mut writer = bench.store.begin_batch(new_batch(None)).await.unwrap();
        writer.add(&debits(4 * MANY)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        drop(writer);
        for n in 0..10_i64 {
            assert_eq!(bench.ask::<i64>(&format!("select {n}::bigint")).await, n);
        }
    }
    bench.pool.close().await;
    let pool = bench.database.pool().await;
    assert_eq!(rows(&pool).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn data_that_is_refused_refuses_a_batch_that_is_copied() {
    let bench = Bench::new().await;
    let mut commands = debits(MANY);
    commands[9].data = serde_json::value::RawValue::from_string(r#""\u0000""#.to_owned()).unwrap();

    let refused = write_err(&bench.store, &commands).await;

    assert!(matches!(&refused, StoreError::Data { code, .. } if code == "22P05"), "{refused}");
    assert_eq!(rows(&bench.pool).await, [0, 0, 0, 0]);
}

/// What the writer, or its end, says of a chunk that cannot be written.
async fn write_err(store: &PostgresStore, commands: &[NewCommand]) -> StoreError {
    let mut writer = store.begin_batch(new_batch(None)).await.unwrap();
    match writer.add(commands).await {
        Ok(()) => writer.finish().await.unwrap_err(),
        Err(error) => error,
    }
}
