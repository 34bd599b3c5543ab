-- What operators look at: queues, throughput, and what is wrong. Counts stop at a cap, so that looking costs the same
-- however much there is.

-- The queues of commands by what their messages wait for; each count stops at p_cap + 1.
create or replace function commandbus.look_at_queues(p_cap int)
returns table (
    domain text, ready bigint, running bigint, delayed bigint, held bigint, paused bigint, parked bigint, replies bigint,
    oldest_ready_at timestamptz, oldest_parked_at timestamptz, paused_at timestamptz, workers bigint
) as $$
declare
    v_queue text;
begin
    for v_queue in select m.queue_name from pgmq.meta m where m.queue_name like '%\_\_commands' order by 1 loop
        domain := left(v_queue, -length('__commands'));
        execute format(
            'select (select count(*) from (select from pgmq.%1$I q where q.vt <= clock_timestamp() limit $2 + 1) as q),
                    (select min(q.vt) from pgmq.%1$I q),
                    h.running, h.delayed, h.held, h.paused
             from (
                 select count(*) filter (where c.status = ''IN_PROGRESS'') as running,
                        count(*) filter (where c.status is distinct from ''IN_PROGRESS'' and q.vt < commandbus.held_until())
                            as delayed,
                        count(*) filter (where q.vt = commandbus.held_until()) as held,
                        count(*) filter (where q.vt = ''infinity'') as paused
                 from (
                     select q.msg_id, q.vt,
                            case when q.id like ''________-____-____-____-____________''
                                      and translate(q.id, ''0123456789abcdefABCDEF'', '''') = ''----'' then q.id::uuid end as id
                     from (select q.msg_id, q.vt, q.message->>''command_id'' as id from pgmq.%1$I q
                           where q.vt > clock_timestamp() order by q.vt limit $2 + 1) as q
                 ) as q
                 left join lateral (
                     select c.status from commandbus.command c
                     where c.domain = $1 and c.command_id = q.id and q.vt < commandbus.held_until()
                     limit 1
                 ) as c on true
             ) as h', 'q_' || v_queue)
        into ready, oldest_ready_at, running, delayed, held, paused using domain, p_cap;
        oldest_ready_at := case when ready > 0 then oldest_ready_at end;
        select count(*), min(t.parked_at) into parked, oldest_parked_at
        from (select t.parked_at from commandbus.troubleshooting t where t.domain = look_at_queues.domain
              order by t.parked_id limit p_cap + 1) as t;
        replies := 0;
        if exists (select from pgmq.meta m where m.queue_name = domain || '__process_replies') then
            execute format('select count(*) from (select from pgmq.%I limit $1 + 1) as q', 'q_' || domain || '__process_replies')
            into replies using p_cap;
        end if;
        select min(p.paused_at) into paused_at from commandbus.paused p
        where p.domain = look_at_queues.domain and p.batch_id is null;
        select count(*) into workers from commandbus.worker w
        where w.domain = look_at_queues.domain and w.seen_at > clock_timestamp() - interval '1 minute';
        return next;
    end loop;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off;

-- What ended in the last p_minutes, as far as the last 50,000 entries of the audit trail tell, by domain and minute. The
-- limits are written out, so that plans know them.
create or replace function commandbus.look_at_throughput(p_minutes int)
returns table (domain text, minute timestamptz, sent bigint, completed bigint, failed bigint, canceled bigint, parked bigint) as $$
    select a.domain, date_trunc('minute', a.ts),
           count(*) filter (where a.event_type = 'SENT'),
           count(*) filter (where a.event_type in ('COMPLETED', 'OPERATOR_COMPLETE')),
           count(*) filter (where a.event_type = 'BUSINESS_RULE_FAILED'),
           count(*) filter (where a.event_type in ('CANCELED', 'OPERATOR_CANCEL')),
           count(*) filter (where a.event_type = 'MOVED_TO_TSQ')
    from (select a.domain, a.ts, a.event_type from commandbus.audit a order by a.audit_id desc limit 50000) as a
    where a.ts > clock_timestamp() - p_minutes * interval '1 minute'
      and a.event_type not in ('RECEIVED', 'FAILED', 'OPERATOR_RETRY', 'BATCH_STARTED', 'BATCH_COMPLETED')
    group by 1, 2 order by 1, 2
$$ language sql stable set search_path = pg_catalog, pg_temp set jit = off;

-- Seconds from sending to completion, of what completed among the last 5,000 entries of the audit trail.
create or replace function commandbus.look_at_latency()
returns table (domain text, completed bigint, p50_s float8, p95_s float8, max_s float8) as $$
    select a.domain, count(*), percentile_cont(0.5) within group (order by l.seconds),
           percentile_cont(0.95) within group (order by l.seconds), max(l.seconds)
    from (select a.domain, a.command_id, a.event_type from commandbus.audit a order by a.audit_id desc limit 5000) as a
    cross join lateral (
        select extract(epoch from c.updated_at - c.created_at)::float8 as seconds from commandbus.command c
        where c.domain = a.domain and c.command_id = a.command_id and c.status = 'COMPLETED' limit 1
    ) as l
    where a.event_type = 'COMPLETED'
    group by 1 order by 1
$$ language sql stable set search_path = pg_catalog, pg_temp set jit = off;

-- What is wrong, if anything: a name for each fault, how many there are, and one of them. Looks at every command.
create or replace function commandbus.diagnose() returns table (fault text, domain text, total bigint, example text) as $$
declare
    v_queue  text;
    v_domain text;
begin
    for v_queue in select m.queue_name from pgmq.meta m where m.queue_name like '%\_\_commands' order by 1 loop
        v_domain := left(v_queue, -length('__commands'));
        return query execute format(
            'with message as materialized (
                 select q.msg_id, q.vt,
                        case when q.id like ''________-____-____-____-____________''
                                  and translate(q.id, ''0123456789abcdefABCDEF'', '''') = ''----'' then q.id::uuid end as id
                 from (select q.msg_id, q.vt, q.message->>''command_id'' as id from pgmq.%1$I q) as q
             ), live as materialized (
                 select c.command_id, c.msg_id, c.status, c.lease_expires_at from commandbus.command c
                 where c.domain = $1 and c.status in (''PENDING'', ''IN_PROGRESS'', ''IN_TROUBLESHOOTING_QUEUE'')
             )
             select ''MESSAGE_WITHOUT_COMMAND'', $1, count(*), min(m.msg_id)::text
             from message m left join live l on l.command_id = m.id and l.msg_id = m.msg_id
                 and l.status <> ''IN_TROUBLESHOOTING_QUEUE''
             where l.command_id is null having count(*) > 0
             union all
             select ''COMMAND_WITHOUT_MESSAGE'', $1, count(*), min(l.command_id::text)
             from live l left join message m on m.msg_id = l.msg_id
             where l.status <> ''IN_TROUBLESHOOTING_QUEUE'' and m.msg_id is null having count(*) > 0
             union all
             select ''PARKED_WITHOUT_MESSAGE'', $1, count(*), min(l.command_id::text)
             from live l left join pgmq.%2$I a on a.msg_id = l.msg_id
             where l.status = ''IN_TROUBLESHOOTING_QUEUE'' and a.msg_id is null having count(*) > 0
             union all
             select ''PARKED_AND_NOT_LISTED'', $1, count(*), min(l.command_id::text)
             from live l left join commandbus.troubleshooting t on t.domain = $1 and t.command_id = l.command_id
             where l.status = ''IN_TROUBLESHOOTING_QUEUE'' and t.command_id is null having count(*) > 0
             union all
             select ''STUCK_LEASE'', $1, count(*), min(l.command_id::text)
             from live l join message m on m.msg_id = l.msg_id
             where l.status = ''IN_PROGRESS'' and m.vt < clock_timestamp() - interval ''5 minutes'' having count(*) > 0
             union all
             select ''NOBODY_RECEIVES'', $1, count(*), min(l.command_id::text)
             from live l join message m on m.msg_id = l.msg_id
             where l.status = ''PENDING'' and m.vt < clock_timestamp() - interval ''5 minutes''
               and not exists (select from commandbus.worker w
                               where w.domain = $1 and w.seen_at > clock_timestamp() - interval ''1 minute'')
             having count(*) > 0', 'q_' || v_queue, 'a_' || v_queue)
        using v_domain;
    end loop;

    return query
    select 'DOMAIN_WITHOUT_QUEUE', c.domain, 1::bigint, c.domain || '__commands'
    from (
        with recursive seen as (
            (select c.domain from commandbus.command c order by c.domain limit 1)
            union all
            select (select c.domain from commandbus.command c where c.domain > s.domain order by c.domain limit 1)
            from seen s where s.domain is not null
        )
        select s.domain from seen s where s.domain is not null
    ) as c
    where not exists (select from pgmq.meta m where m.queue_name = c.domain || '__commands');

    -- One statement, one snapshot: members and counts of the same moment.
    return query
    select 'BATCH_MISCOUNTED', b.domain, count(*), min(b.batch_id::text)
    from commandbus.batch_status b
    cross join lateral (
        select count(*) filter (where c.status = 'COMPLETED') as completed, count(*) filter (where c.status = 'FAILED') as failed,
               count(*) filter (where c.status = 'CANCELED') as canceled,
               count(*) filter (where c.status = 'IN_TROUBLESHOOTING_QUEUE') as parked
        from commandbus.command c where c.domain = b.domain and c.batch_id = b.batch_id and b.batch_type = 'COMMAND'
    ) as c
    cross join lateral (
        select count(*) filter (where p.status in ('COMPLETED', 'COMPENSATED')) as completed,
               count(*) filter (where p.status in ('FAILED', 'CANCELED')) as canceled,
               count(*) filter (where p.status = 'WAITING_FOR_TSQ' or p.parked_count > 0) as parked
        from commandbus.process p
        where p.batch_id = b.batch_id and p.domain = b.domain and not p.uncounted and b.batch_type = 'PROCESS'
    ) as p
    where b.status in ('PENDING', 'IN_PROGRESS')
      and (b.completed_count, b.failed_count, b.canceled_count, b.in_troubleshooting_count) is distinct from
          (c.completed + p.completed, c.failed, c.canceled + p.canceled, c.parked + p.parked)
    group by b.domain;

    return query
    select 'UNDELIVERED_REPLY', u.domain, count(*), min(u.reply_queue)
    from commandbus.undelivered_reply u group by u.domain;
    return query
    select 'PARKED_REPLY', r.domain, count(*), min(r.parked_reply_id)::text
    from commandbus.parked_reply r where r.retried_at is null group by r.domain;
    return query
    select 'DOMAIN_PAUSED', p.domain, 1::bigint, p.paused_at::text from commandbus.paused p where p.batch_id is null;
    return query
    select 'OPERATION_STALLED', coalesce(o.filter->>'domain', ''), count(*), min(o.operation_id::text)
    from commandbus.operation o
    where o.status = 'RUNNING' and o.updated_at < clock_timestamp() - interval '1 minute' group by 2;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off;

insert into commandbus.schema_migrations (version, name) values (17, 'looking') on conflict do nothing;
