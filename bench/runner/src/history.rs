//! Finished commands, written by SQL as a worker would have left them: rows, three entries each in the audit trail, batches
//! that have ended, and the messages of the failed ones in the archive of the queue.

use crate::{Error, server::Database};

/// Beyond all messages that will be written this way.
pub const LAST: usize = 1_000_000_000;

/// Rows of one transaction.
const CHUNK: usize = 250_000;

/// Writes as many as are missing to have so many, where there are `before`; sent one a second until now.
pub async fn make(database: &Database, before: usize, commands: usize) -> Result<(), Error> {
    database.execute(TIME_ORDERED_ID).await?;
    for start in (before..commands).step_by(CHUNK) {
        let end = commands.min(start + CHUNK);
        let numbers = format!("generate_series({}, {end})", start + 1);
        let seconds_ago = format!("clock_timestamp() - ({commands} - n) * interval '1 second'");
        database.execute(&STATEMENTS.replace("$numbers", &numbers).replace("$sent_at", &seconds_ago)).await?;
    }
    if before == 0 {
        database.execute(&format!("select setval('pgmq.q_bench__commands_msg_id_seq', {LAST})")).await?;
    }
    // As autovacuum would have left them.
    database.execute("drop function bench_id").await?;
    database.execute("vacuum (analyze)").await
}

const TIME_ORDERED_ID: &str = "
create function bench_id(sent_at timestamptz, seed bigint) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from sent_at) * 1000)::bigint), 12, '0') || '7' || substr(md5(seed::text), 1, 3)
            || '8' || substr(md5(seed::text), 4, 15))::uuid
$$";

/// One in fifty breaks a business rule; a third are in batches of a thousand.
const STATEMENTS: &str = "
begin;
create temporary table finished on commit drop as
select n, sent_at, bench_id(sent_at, n) as command_id, n % 50 = 0 as failed,
       case when (n - 1) / 1000 % 3 = 0 then bench_id('epoch', -((n - 1) / 1000)) end as batch_id
from (select n, $sent_at as sent_at from $numbers as n) as numbered;

insert into commandbus.batch (domain, batch_id, name, status, total_count, completed_count, failed_count, created_at,
                              started_at, completed_at)
select 'bench', batch_id, 'old', 'COMPLETED_WITH_FAILURES', count(*), count(*) filter (where not failed), count(*) filter (where failed),
       min(sent_at), min(sent_at), max(sent_at)
from finished where batch_id is not null group by batch_id
on conflict do nothing;

insert into commandbus.command (domain, queue_name, msg_id, command_id, command_type, status, attempts, max_attempts,
                                last_error_type, last_error_code, last_error_msg, created_at, updated_at, batch_id, delivery)
select 'bench', 'bench__commands', n, command_id, 'Job', case when failed then 'FAILED' else 'COMPLETED' end, 1, 3,
       case when failed then 'BUSINESS_RULE' end, case when failed then 'NOTHING_DUE' end,
       case when failed then 'nothing is due' end, sent_at, sent_at + interval '1 second', batch_id, 1
from finished order by n;

insert into commandbus.audit (domain, command_id, event_type, ts, details_json)
select 'bench', command_id, event_type, sent_at + after * interval '1 second',
       case event_type
           when 'SENT' then jsonb_build_object('command_type', 'Job', 'correlation_id', null, 'reply_to', null, 'msg_id', n,
                                               'batch_id', batch_id)
           when 'RECEIVED' then jsonb_build_object('msg_id', n, 'attempt', 1, 'max_attempts', 3)
           when 'COMPLETED' then jsonb_build_object('msg_id', n, 'reply_to', null, 'has_result', true)
           else jsonb_build_object('msg_id', n, 'attempt', 1, 'max_attempts', 3, 'reason', 'BUSINESS_RULE',
                                   'error_type', 'BUSINESS_RULE', 'error_code', 'NOTHING_DUE',
                                   'error_msg', 'nothing is due', 'error_details', null)
       end
from finished, lateral (values ('SENT', 0), ('RECEIVED', 1),
                               (case when failed then 'BUSINESS_RULE_FAILED' else 'COMPLETED' end, 1)) as e(event_type, after)
order by n, after;

insert into pgmq.a_bench__commands (msg_id, read_ct, enqueued_at, archived_at, vt, message)
select n, 1, sent_at, sent_at + interval '1 second', sent_at + interval '30 seconds',
       jsonb_build_object('command_id', command_id, 'domain', 'bench', 'command_type', 'Job',
                          'data', jsonb_build_object('account', command_id, 'cents', 100, 'sent', 0))
from finished where failed order by n;
commit";
