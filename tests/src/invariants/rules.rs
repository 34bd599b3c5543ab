//! The rules. In their queries, `message`, `archived`, `reply`, `archived_reply` and `process_reply` are the queues and
//! archives of all domains, and `trail` has the audit of each command in one row.

/// One rule: what is promised, and a query for what breaks the promise.
pub(super) struct Rule {
    pub(super) promise: &'static str,
    pub(super) breaches: &'static str,
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        promise: "what awaits work has its message",
        breaches: "
            select format('%s %s is %s', c.domain, c.command_id, c.status) from commandbus.command c
            left join message m on m.domain = c.domain and m.msg_id = c.msg_id
                 and m.message->>'command_id' = c.command_id::text
            where c.status in ('PENDING', 'IN_PROGRESS') and m.msg_id is null",
    },
    Rule {
        promise: "a message has a command that awaits it",
        breaches: "
            select format('%s %s: %s', m.domain, m.msg_id, m.message) from message m
            left join commandbus.command c on c.domain = m.domain and c.msg_id = m.msg_id
                 and c.status in ('PENDING', 'IN_PROGRESS')
            where c.command_id is null and not m.message ? 'of_nobody'",
    },
    Rule {
        promise: "attempts stay within their budget",
        breaches: "
            select format('%s: attempt %s of %s', c.command_id, c.attempts, c.max_attempts) from commandbus.command c
            where c.attempts not between 0 and c.max_attempts or c.delivery < c.attempts",
    },
    Rule {
        promise: "the audit tells of each delivery, and of no more attempts than there were",
        breaches: "
            select format('%s: delivery %s, attempts %s, audit %s', c.command_id, c.delivery, c.attempts, t.events)
            from commandbus.command c
            left join trail t on t.domain = c.domain and t.command_id = c.command_id
            where coalesce(t.received, 0) <> c.delivery
               -- Of this life: what an operator sent again begins anew.
               or (select count(*) from unnest(t.events) with ordinality as e(name, place)
                   where e.name = 'RECEIVED' and e.place > coalesce((
                       select max(b.place) from unnest(t.events) with ordinality as b(name, place)
                       where b.name = 'OPERATOR_RETRY'), 0)) < c.attempts",
    },
    Rule {
        promise: "the audit tells the same story as the row",
        breaches: "
            select format('%s is %s after %s', c.command_id, c.status, t.events) from commandbus.command c
            left join trail t on t.domain = c.domain and t.command_id = c.command_id
            where t.events is null or t.events[1] <> 'SENT' or cardinality(array_positions(t.events, 'SENT')) <> 1
               or t.events[cardinality(t.events)] <> all(case c.status
                   when 'PENDING' then array['SENT', 'FAILED', 'OPERATOR_RETRY', 'RECEIVED']
                   when 'IN_PROGRESS' then array['RECEIVED']
                   when 'IN_TROUBLESHOOTING_QUEUE' then array['MOVED_TO_TSQ']
                   when 'COMPLETED' then array['COMPLETED', 'OPERATOR_COMPLETE']
                   when 'FAILED' then array['BUSINESS_RULE_FAILED']
                   when 'CANCELED' then array['CANCELED', 'OPERATOR_CANCEL'] end)",
    },
    Rule {
        promise: "a command ends once",
        breaches: "
            select format('%s is %s and ended %s times', c.command_id, c.status, t.ended) from commandbus.command c
            left join trail t on t.domain = c.domain and t.command_id = c.command_id
            where coalesce(t.ended, 0) <> (c.status in ('COMPLETED', 'FAILED', 'CANCELED'))::int",
    },
    Rule {
        promise: "what is parked is listed, its message kept; nothing else is",
        breaches: "
            select format('%s: status %s, listed %s, message %s', coalesce(c.command_id, t.command_id), c.status,
                          t.command_id is not null, a.msg_id is not null)
            from commandbus.command c
            full join commandbus.troubleshooting t on t.domain = c.domain and t.command_id = c.command_id
            left join archived a on a.domain = c.domain and a.msg_id = c.msg_id
            where (c.status = 'IN_TROUBLESHOOTING_QUEUE') is distinct from (t.command_id is not null)
               or c.status = 'IN_TROUBLESHOOTING_QUEUE' and a.msg_id is null",
    },
    Rule {
        promise: "a sender that asked for a reply gets one, when the command ends",
        breaches: "
            with told as (
                select r.queue, r.message->>'command_id' as id from reply r
                union all select r.queue, r.message->>'command_id' from archived_reply r
                union all select u.reply_queue, u.command_id::text from commandbus.undelivered_reply u
            ), counted as (select queue, id, count(*) as total from told group by queue, id)
            select format('%s is %s, replies: %s', c.command_id, c.status, t.total) from commandbus.command c
            left join counted t on t.queue = c.reply_queue and t.id = c.command_id::text
            where c.reply_queue <> '' and c.reply_queue not like '%\\_\\_process\\_replies'
              and coalesce(t.total, 0) <> (c.status in ('COMPLETED', 'FAILED', 'CANCELED'))::int",
    },
    Rule {
        promise: "a process gets one reply to each of its commands",
        breaches: "
            with told as (
                select r.message->>'command_id' as id from process_reply r
                union all select s.command_id::text from commandbus.stray_reply s
                union all select p.command_id::text from commandbus.parked_reply p where p.retried_at is null
                union all select a.command_id::text from commandbus.process_audit a where a.reply_outcome is not null
                union all select u.command_id::text from commandbus.undelivered_reply u
            ), counted as (select id, count(*) as total from told group by id),
            echoed as (select command_id, count(*) as total from echo group by command_id)
            select format('%s is %s, replies: %s, echoes: %s', c.command_id, c.status, t.total, e.total)
            from commandbus.command c
            left join counted t on t.id = c.command_id::text
            left join echoed e on e.command_id = c.command_id
            where c.reply_queue like '%\\_\\_process\\_replies'
              and coalesce(t.total, 0) - coalesce(e.total, 0) <> (c.status in ('COMPLETED', 'FAILED', 'CANCELED'))::int",
    },
    Rule {
        promise: "the counts of a batch are those of its commands",
        breaches: "
            with counted as (
                select c.domain, c.batch_id, count(*)::int as total,
                       count(*) filter (where c.status = 'COMPLETED')::int as completed,
                       count(*) filter (where c.status = 'FAILED')::int as failed,
                       count(*) filter (where c.status = 'CANCELED')::int as canceled,
                       count(*) filter (where c.status = 'IN_TROUBLESHOOTING_QUEUE')::int as parked
                from commandbus.command c where c.batch_id is not null group by c.domain, c.batch_id)
            select format('%s: %s is not %s', b.batch_id, to_jsonb(b), to_jsonb(n)) from commandbus.batch_status b
            left join counted n on n.domain = b.domain and n.batch_id = b.batch_id
            where b.batch_type = 'COMMAND'
              and (b.total_count, b.completed_count, b.failed_count, b.canceled_count, b.in_troubleshooting_count)
                  is distinct from (n.total, n.completed, n.failed, n.canceled, n.parked)",
    },
    Rule {
        promise: "the counts of a batch of processes are those of its processes",
        breaches: "
            select format('%s: %s is not %s', b.batch_id, to_jsonb(b), to_jsonb(n)) from commandbus.batch_status b
            cross join lateral (
                select count(*) filter (where p.status in ('COMPLETED', 'COMPENSATED')) as completed,
                       count(*) filter (where p.status in ('FAILED', 'CANCELED')) as canceled,
                       count(*) filter (where p.parked_count > 0) as parked
                from commandbus.process p
                where p.domain = b.domain and p.batch_id = b.batch_id and not p.uncounted) as n
            where b.batch_type = 'PROCESS'
              and (b.completed_count, b.failed_count, b.canceled_count, b.in_troubleshooting_count)
                  is distinct from (n.completed::int, 0, n.canceled::int, n.parked::int)",
    },
    Rule {
        promise: "a batch ends when its last member has, and not before",
        breaches: "
            select format('%s', to_jsonb(b)) from commandbus.batch_status b
            cross join lateral (select
                b.status in ('COMPLETED', 'COMPLETED_WITH_FAILURES') as ended,
                b.completed_count + b.failed_count + b.canceled_count >= b.total_count
                    and b.in_troubleshooting_count = 0 as is_done,
                exists (select from commandbus.batch_delta d
                        where d.domain = b.domain and d.batch_id = b.batch_id) as is_unfolded) as e
            where e.ended and not e.is_done or e.is_done and not e.ended and not e.is_unfolded
               or e.ended <> (b.completed_at is not null)
               or b.status = 'COMPLETED' and b.failed_count + b.canceled_count > 0
               or b.status = 'COMPLETED_WITH_FAILURES' and b.failed_count + b.canceled_count = 0",
    },
    Rule {
        promise: "a batch starts once, ends once, and calls back once",
        breaches: "
            select format('%s is %s, started %s, ended %s, called back %s', b.batch_id, b.status, n.started, n.ended, n.calls)
            from commandbus.batch b
            cross join lateral (select b.status in ('COMPLETED', 'COMPLETED_WITH_FAILURES') as ended) as e
            cross join lateral (select
                (select count(*) from commandbus.audit a where a.command_id = b.batch_id and a.domain = b.domain
                    and a.event_type = 'BATCH_STARTED') as started,
                (select count(*) from commandbus.audit a where a.command_id = b.batch_id and a.domain = b.domain
                    and a.event_type = 'BATCH_COMPLETED') as ended,
                (select count(*) from commandbus.command c
                 where c.command_id = (b.then_command->>'command_id')::uuid
                   and c.domain = b.then_command->>'domain') as calls) as n
            where n.started > 1 or n.ended <> e.ended::int
               or n.calls <> (e.ended and b.then_command is not null)::int",
    },
    Rule {
        promise: "a process that has ended waits for nothing, one that has not waits for something",
        breaches: "
            with flying as (
                select a.domain, a.process_id, count(*) as total from commandbus.process_audit a
                where a.reply_outcome is null group by a.domain, a.process_id)
            select format('%s is %s, in flight: %s', p.process_id, p.status, f.total) from commandbus.process p
            left join flying f on f.domain = p.domain and f.process_id = p.process_id
            cross join lateral (select p.status in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED') as ended) as e
            where e.ended = (coalesce(f.total, 0) > 0) or e.ended <> (p.completed_at is not null)",
    },
    Rule {
        promise: "a process knows what is parked of it",
        breaches: "
            with waiting as (
                select a.domain, a.process_id from commandbus.process_audit a
                join commandbus.command c on c.domain = a.command_domain and c.command_id = a.command_id
                where a.reply_outcome is null and c.status = 'IN_TROUBLESHOOTING_QUEUE'
                union all
                select r.domain, r.process_id from commandbus.parked_reply r where r.retried_at is null
            ), counted as (select domain, process_id, count(*) as total from waiting group by domain, process_id)
            select format('%s is %s, %s is not %s', p.process_id, p.status, p.parked_count, n.parked)
            from commandbus.process p
            left join counted w on w.domain = p.domain and w.process_id = p.process_id
            cross join lateral (
                select case when p.status in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED') then 0
                            else coalesce(w.total, 0) end as parked) as n
            where p.parked_count <> n.parked or (p.status = 'WAITING_FOR_TSQ') and n.parked = 0
               or p.status = 'WAITING_FOR_REPLY' and n.parked > 0",
    },
    Rule {
        promise: "a process sends each command once, and undoes only what succeeded, once",
        breaches: "
            select format('%s: %s of %s', a.process_id, a.kind, a.step_name) from commandbus.process_audit a
            left join commandbus.command c on c.domain = a.command_domain and c.command_id = a.command_id
            left join commandbus.process_audit u on u.command_id = a.undoes and u.domain = a.domain
            left join trail t on t.domain = a.command_domain and t.command_id = a.command_id
            -- What the process has its answer from may be pruned before it, and then its trail is, too.
            where c.command_id is null and (a.reply_outcome is null or t.command_id is not null)
               or a.kind = 'UNDO' and (u.reply_outcome is distinct from 'SUCCESS' or exists (
                   select from commandbus.process_audit o
                   where o.undoes = a.undoes and o.process_id = a.process_id and o.domain = a.domain and o.id <> a.id))
               or exists (select from commandbus.process_audit o where o.command_id = a.command_id
                          and o.domain = a.domain and o.id <> a.id)",
    },
];
