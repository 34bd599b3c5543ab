//! What must hold of a database whenever anybody looks: between any two commits, after any crash.
//!
//! Each rule is a query for what breaks it. All of them look at one snapshot, so they may run while workers do.

mod rules;

use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};
use uuid::Uuid;

use self::rules::RULES;

/// The key of messages that a test put into a queue past the library, and that nobody waits for.
pub const OF_NOBODY: &str = "of_nobody";

/// What breaks a rule, in words: nothing, unless something is wrong.
///
/// `echoes` are the commands to which the test itself sent one more reply, as often as it did.
///
/// # Errors
///
/// When the database cannot be asked.
pub async fn broken_rules(pool: &PgPool, echoes: &[Uuid]) -> Result<Vec<String>, sqlx::Error> {
    let mut snapshot = pool.begin_with("begin isolation level repeatable read, read only").await?;
    // As little as possible is left to guesses about tables that were empty a moment ago.
    sqlx::raw_sql("set local jit = off; set local enable_nestloop = off").execute(&mut *snapshot).await?;
    let tables = tables(&mut snapshot).await?;
    let rules: Vec<String> = RULES
        .iter()
        .map(|rule| format!("select '{}: ' || b.words from ({}) as b(words)", rule.promise, rule.breaches))
        .collect();
    // One statement, which is planned once.
    let question = AssertSqlSafe(format!("{tables} {}", rules.join(" union all ")));
    let broken = sqlx::query_scalar(question).bind(echoes).fetch_all(&mut *snapshot).await?;
    snapshot.commit().await?;
    Ok(broken)
}

/// The queues and archives of all domains as tables of one name each.
async fn tables(snapshot: &mut Transaction<'_, Postgres>) -> Result<String, sqlx::Error> {
    let queues: Vec<String> =
        sqlx::query_scalar("select queue_name::text from pgmq.meta order by 1").fetch_all(&mut **snapshot).await?;
    let all = |prefix: &str, ending: &str| {
        let found =
            queues.iter().filter(|queue| queue.ends_with(ending) && !queue.ends_with(&format!("process{ending}")));
        let mut selects: Vec<String> = found
            .map(|queue| {
                let domain = queue.trim_end_matches(ending);
                format!(
                    "select '{domain}' as domain, '{queue}' as queue, msg_id, vt, message from pgmq.{prefix}_{queue}"
                )
            })
            .collect();
        selects.push("select '', '', 0::bigint, now(), '{}'::jsonb where false".to_owned());
        selects.join(" union all ")
    };
    Ok(format!(
        "with message as ({}), archived as ({}), reply as ({}), archived_reply as ({}), process_reply as ({}),
              trail as (
                  select a.domain, a.command_id, array_agg(a.event_type order by a.audit_id) as events,
                         count(*) filter (where a.event_type = 'RECEIVED') as received,
                         count(*) filter (where a.event_type in ('COMPLETED', 'BUSINESS_RULE_FAILED', 'CANCELED',
                                                                 'OPERATOR_CANCEL', 'OPERATOR_COMPLETE')) as ended
                  from commandbus.audit a group by a.domain, a.command_id),
              echo as (select * from unnest($1::uuid[]) as e(command_id))",
        all("q", "__commands"),
        all("a", "__commands"),
        all("q", "__replies"),
        all("a", "__replies"),
        all("q", "__process_replies"),
    ))
}
