use std::collections::BTreeSet;

use commandbus_tests::TestDatabase;

use crate::support::column;

/// The procedures of the original: name, arguments, result, as `\df` shows them.
const OF_THE_ORIGINAL: &[(&str, &str, &str)] = &[
    (
        "sp_receive_command",
        "p_domain text, p_command_id uuid, p_new_status text DEFAULT 'IN_PROGRESS'::text, \
         p_msg_id bigint DEFAULT NULL::bigint, p_max_attempts integer DEFAULT NULL::integer",
        "TABLE(domain text, command_id uuid, command_type text, status text, attempts integer, max_attempts integer, \
         msg_id bigint, correlation_id uuid, reply_queue text, last_error_type text, last_error_code text, \
         last_error_msg text, created_at timestamp with time zone, updated_at timestamp with time zone, batch_id uuid)",
    ),
    (
        "sp_finish_command",
        "p_domain text, p_command_id uuid, p_status text, p_event_type text, p_error_type text DEFAULT NULL::text, \
         p_error_code text DEFAULT NULL::text, p_error_msg text DEFAULT NULL::text, \
         p_details jsonb DEFAULT NULL::jsonb, p_batch_id uuid DEFAULT NULL::uuid",
        "boolean",
    ),
    (
        "sp_fail_command",
        "p_domain text, p_command_id uuid, p_error_type text, p_error_code text, p_error_msg text, \
         p_attempt integer, p_max_attempts integer, p_msg_id bigint",
        "boolean",
    ),
    ("sp_start_batch", "p_domain text, p_batch_id uuid", "boolean"),
    ("sp_update_batch_counters", "p_domain text, p_batch_id uuid, p_update_type text", "boolean"),
    ("sp_tsq_complete", "p_domain text, p_batch_id uuid", "boolean"),
    ("sp_tsq_cancel", "p_domain text, p_batch_id uuid", "boolean"),
    ("sp_tsq_retry", "p_domain text, p_batch_id uuid", "boolean"),
    (
        "sp_refresh_batch_stats",
        "p_domain text, p_batch_id uuid",
        "TABLE(completed_count bigint, failed_count bigint, canceled_count bigint, in_troubleshooting_count bigint, \
         is_complete boolean)",
    ),
];

#[tokio::test]
async fn s046_every_procedure_exists_with_its_parameters_and_result() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    for (name, arguments, result) in OF_THE_ORIGINAL {
        let found: Vec<String> = column(
            &pool,
            &format!(
                "select pg_get_function_arguments(oid) || ' -> ' || pg_get_function_result(oid) from pg_proc
                 where pronamespace = 'commandbus'::regnamespace and proname = '{name}'"
            ),
        )
        .await;
        assert_eq!(found, [format!("{arguments} -> {result}")], "{name}");
    }
}

#[tokio::test]
async fn s046_no_procedure_depends_on_the_callers_search_path() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    let (loose, all): (Vec<String>, Vec<String>) = (
        column(
            &pool,
            "select proname::text from pg_proc where pronamespace = 'commandbus'::regnamespace
             and not exists (select from unnest(proconfig) as setting where setting = 'search_path=pg_catalog, pg_temp')",
        )
        .await,
        column(&pool, "select proname::text from pg_proc where pronamespace = 'commandbus'::regnamespace").await,
    );
    // A setting would keep the one from being inlined, and cost as much as the other does; the next tests are about them.
    assert_eq!(BTreeSet::from_iter(loose), BTreeSet::from_iter(["on_queue", "reply"].map(str::to_owned)));
    assert!(all.len() > OF_THE_ORIGINAL.len(), "{all:?}");
}

#[tokio::test]
async fn a_reply_is_made_of_what_is_built_in_whatever_the_caller_put_before_it() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let reply = "select commandbus.reply(gen_random_uuid(), null, 'FAILED', null, 'CODE', 'words', '{\"a\": 1}') - 'command_id'";
    let expected: serde_json::Value = sqlx::query_scalar(reply).fetch_one(&pool).await.unwrap();

    let mut connection = pool.acquire().await.unwrap();
    sqlx::raw_sql(
        "create schema hostile;
         create function hostile.same(text, text) returns boolean language sql as 'select false';
         create function hostile.joined(jsonb, jsonb) returns jsonb language sql as 'select ''[]''::jsonb';
         create operator hostile.= (leftarg = text, rightarg = text, function = hostile.same);
         create operator hostile.|| (leftarg = jsonb, rightarg = jsonb, function = hostile.joined);
         set search_path = hostile, pg_catalog;",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    let found: serde_json::Value = sqlx::query_scalar(reply).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_is_made_for_a_queue_does_as_it_says_whatever_the_caller_put_before_it() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let mut connection = pool.acquire().await.unwrap();
    sqlx::raw_sql(
        "select commandbus.ensure_queue('payments__commands');
         create schema hostile;
         create function hostile.no(bigint, bigint) returns boolean language sql as 'select false';
         create function hostile.never(timestamptz, timestamptz) returns boolean language sql as 'select false';
         create function hostile.nothing(jsonb, text) returns text language sql as 'select null';
         create function hostile.count() returns bigint language sql as 'select -1';
         create operator hostile.= (leftarg = bigint, rightarg = bigint, function = hostile.no);
         create operator hostile.> (leftarg = bigint, rightarg = bigint, function = hostile.no);
         create operator hostile.<= (leftarg = timestamptz, rightarg = timestamptz, function = hostile.never);
         create operator hostile.->> (leftarg = jsonb, rightarg = text, function = hostile.nothing);
         set search_path = hostile, pg_catalog;",
    )
    .execute(&mut *connection)
    .await
    .unwrap();

    let messages = "select pg_catalog.count(*) from pgmq.q_payments__commands";
    for (what, call, question, expected) in [
        (
            "put",
            "select commandbus.payments__commands__put(
                 array[1], array[pg_catalog.jsonb_build_object('command_id', pg_catalog.gen_random_uuid(), 'data', 1)],
                 null, null, array[1])",
            messages,
            1,
        ),
        (
            "read",
            "create temporary table found as
             select r.p_command_ids from commandbus.payments__commands__read(0, 9, pg_catalog.now()) r",
            "select pg_catalog.count(*) from found where p_command_ids[1] is not null",
            1,
        ),
        (
            "lock",
            "begin; select commandbus.payments__commands__lock(array[1])",
            "select pg_catalog.count(*) from pgmq.q_payments__commands q where q.xmax::text = pg_catalog.txid_current()::text",
            1,
        ),
        ("delete", "commit; select commandbus.payments__commands__delete(array[1])", messages, 0),
    ] {
        sqlx::raw_sql(call).execute(&mut *connection).await.unwrap();
        let found: i64 = sqlx::query_scalar(question).fetch_one(&mut *connection).await.unwrap();
        assert_eq!(found, expected, "{what}");
    }
}

#[tokio::test]
async fn a_queue_has_the_functions_of_its_own_name_alone() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    crate::support::run(&pool, "select commandbus.ensure_queue('payments__commands')").await;
    for (queue, what) in [
        ("payments__commands", "select commandbus.payments__commands__lock($1)"),
        // What is not quoted would be folded to the name above.
        ("Payments__commands", "pgmq.\"q_Payments__commands\""),
    ] {
        let found = column::<String>(&pool, &format!("select commandbus.on_queue('{queue}', 'lock')")).await;
        assert!(found[0].contains(what), "{queue}: {found:?}");
    }
}
