-- Pruning: takes out what ended before a moment, in chunks that are each a transaction of their own.
--
-- What ended is found from the oldest entries of the audit trails on, whose numbers only grow: an index on the end of a
-- command would make every settlement a non-HOT update. Rows that somebody holds are passed over, and met again by the
-- next run.
--
-- Each function looks at up to p_limit entries behind the mark p_after, and returns the next mark, null when nothing
-- older is left, and what it removed. With p_dry_run it only counts. Plans that are kept do not know how few rows the limit
-- leaves, and would be compiled for the whole table at every call: hence no JIT.

-- From when on commands and processes are over; null while they are not. Members of a batch are over when the batch is,
-- and then all: until then it can be counted anew from them.
create or replace view commandbus.command_end as
select c.domain, c.command_id, c.msg_id,
       case when c.status in ('COMPLETED', 'FAILED', 'CANCELED')
                 -- A process that has not taken in the reply asks for it.
                 and (c.reply_queue not like '%\_\_process\_replies'
                      or (select true from commandbus.process_audit a
                          where a.command_id = c.command_id and a.command_domain = c.domain and a.reply_outcome is null
                          limit 1) is null)
            then greatest(c.updated_at, (
                select case when b.status in ('PENDING', 'IN_PROGRESS') then 'infinity' else b.completed_at end
                from commandbus.batch b where b.domain = c.domain and b.batch_id = c.batch_id)) end as over_at
from commandbus.command c;

create or replace view commandbus.process_end as
select p.domain, p.process_id,
       case when p.status in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED')
            then greatest(coalesce(p.completed_at, p.updated_at), (
                select case when b.status in ('PENDING', 'IN_PROGRESS') then 'infinity' else b.completed_at end
                from commandbus.batch b where b.domain = p.domain and b.batch_id = p.batch_id)) end as over_at
from commandbus.process p;

-- Replies that were kept for senders that wait.
create or replace function commandbus.prune_results(p_before timestamptz, p_after text, p_limit int, p_dry_run boolean)
returns table (next text, removed jsonb) as $$
declare
    v_rows  tid[];
    v_last  text;
    v_count int;
begin
    select array_agg(r.ctid), count(*), (array_agg(concat_ws('|', r.created_at, r.domain, r.command_id)))[count(*)]
    into v_rows, v_count, v_last
    from (
        select r.ctid, r.created_at, r.domain, r.command_id from commandbus.result r
        where r.created_at < p_before
          and (p_after is null
               or (r.created_at, r.domain, r.command_id) > (split_part(p_after, '|', 1)::timestamptz,
                                                            split_part(p_after, '|', 2), split_part(p_after, '|', 3)::uuid))
        order by r.created_at, r.domain, r.command_id limit p_limit for update skip locked
    ) as r;
    if not p_dry_run then
        delete from commandbus.result r where r.ctid = any(v_rows);
    end if;
    next := case when v_count = p_limit then v_last end;
    removed := jsonb_build_object('results', v_count);
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set jit = off;

-- Commands that ended, with all that is kept of them, and entries of the audit trail that speak of nothing that is there.
create or replace function commandbus.prune_commands(p_before timestamptz, p_after text, p_limit int, p_dry_run boolean)
returns table (next text, removed jsonb) as $$
declare
    v_seen     int;
    v_last     bigint;
    v_younger  boolean;
    v_domains  text[];
    v_subjects uuid[];
    v_domain   text;
    v_ids      uuid[];
    v_over     uuid[];
    v_gone     uuid[];
    v_commands bigint := 0;
    v_events   bigint := 0;
    v_count    bigint;
begin
    -- The first entry of a subject stands for all of them. Asked for one by one, so that no plan joins the whole trail.
    select count(*), max(e.audit_id), bool_or(e.ts >= p_before),
           array_agg(e.domain) filter (where e.ts < p_before and e.is_first),
           array_agg(e.command_id) filter (where e.ts < p_before and e.is_first)
    into v_seen, v_last, v_younger, v_domains, v_subjects
    from (
        select a.audit_id, a.domain, a.command_id, a.ts,
               a.audit_id = (select o.audit_id from commandbus.audit o
                             where o.command_id = a.command_id and o.domain = a.domain
                             order by o.ts, o.audit_id limit 1) as is_first
        from commandbus.audit a
        where a.audit_id > coalesce(p_after::bigint, 0) order by a.audit_id limit p_limit
    ) as e;

    for v_domain in select distinct d.domain from unnest(v_domains) as d(domain) order by 1 loop
        v_ids := array(
            select s.id from unnest(v_domains, v_subjects) as s(domain, id) where s.domain = v_domain order by s.id);
        if p_dry_run then
            v_over := array(
                select c.command_id from commandbus.command_end c
                where c.domain = v_domain and c.command_id = any(v_ids) and c.over_at < p_before);
        else
            v_over := array(
                select c.command_id from commandbus.command_end c
                where c.domain = v_domain and c.command_id = any(v_ids) and c.over_at < p_before
                order by c.command_id for update skip locked);
        end if;
        v_gone := array(
            select i.id from unnest(v_ids) as i(id)
            where (select true from commandbus.command c where c.domain = v_domain and c.command_id = i.id) is null
              and (select true from commandbus.batch b where b.domain = v_domain and b.batch_id = i.id) is null);

        if p_dry_run then
            select count(*) into v_count from commandbus.audit a
            where a.command_id = any(v_over || v_gone) and a.domain = v_domain;
        else
            delete from commandbus.audit a where a.command_id = any(v_over || v_gone) and a.domain = v_domain;
            get diagnostics v_count = row_count;
            delete from commandbus.result r where r.domain = v_domain and r.command_id = any(v_over);
            delete from commandbus.payload_archive p where p.domain = v_domain and p.command_id = any(v_over);
            -- Operators in other languages may leave it there.
            delete from commandbus.troubleshooting t where t.domain = v_domain and t.command_id = any(v_over);
            delete from commandbus.command c where c.domain = v_domain and c.command_id = any(v_over);
        end if;
        v_commands := v_commands + cardinality(v_over);
        v_events := v_events + v_count;
    end loop;

    next := case when v_seen = p_limit and not v_younger then v_last::text end;
    removed := jsonb_build_object('commands', v_commands, 'audit_events', v_events);
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set jit = off;

-- Processes that ended, with their timelines.
create or replace function commandbus.prune_processes(p_before timestamptz, p_after text, p_limit int, p_dry_run boolean)
returns table (next text, removed jsonb) as $$
declare
    v_seen      int;
    v_last      bigint;
    v_younger   boolean;
    v_domains   text[];
    v_subjects  uuid[];
    v_domain    text;
    v_ids       uuid[];
    v_over      uuid[];
    v_gone      uuid[];
    v_processes bigint := 0;
    v_steps     bigint := 0;
    v_count     bigint;
begin
    select count(*), max(e.id), bool_or(e.sent_at >= p_before),
           array_agg(e.domain) filter (where e.sent_at < p_before and e.is_first),
           array_agg(e.process_id) filter (where e.sent_at < p_before and e.is_first)
    into v_seen, v_last, v_younger, v_domains, v_subjects
    from (
        select a.id, a.domain, a.process_id, a.sent_at,
               a.id = (select o.id from commandbus.process_audit o
                       where o.domain = a.domain and o.process_id = a.process_id
                       order by o.sent_at, o.id limit 1) as is_first
        from commandbus.process_audit a
        where a.id > coalesce(p_after::bigint, 0) order by a.id limit p_limit
    ) as e;

    for v_domain in select distinct d.domain from unnest(v_domains) as d(domain) order by 1 loop
        v_ids := array(
            select s.id from unnest(v_domains, v_subjects) as s(domain, id) where s.domain = v_domain order by s.id);
        v_over := array(
            select p.process_id from commandbus.process_end p
            where p.domain = v_domain and p.process_id = any(v_ids) and p.over_at < p_before
            order by p.process_id for update skip locked);
        v_gone := array(
            select i.id from unnest(v_ids) as i(id)
            where (select true from commandbus.process p where p.domain = v_domain and p.process_id = i.id) is null);

        if p_dry_run then
            select count(*) into v_count from commandbus.process_audit a
            where a.domain = v_domain and a.process_id = any(v_over || v_gone);
        else
            delete from commandbus.process_audit a where a.domain = v_domain and a.process_id = any(v_over || v_gone);
            get diagnostics v_count = row_count;
            delete from commandbus.process p where p.domain = v_domain and p.process_id = any(v_over);
        end if;
        v_processes := v_processes + cardinality(v_over);
        v_steps := v_steps + v_count;
    end loop;

    next := case when v_seen = p_limit and not v_younger then v_last::text end;
    removed := jsonb_build_object('processes', v_processes, 'process_steps', v_steps);
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set jit = off;

-- Batches that ended and have no members any more. Looks at all batches, of which there are few, by their ids.
create or replace function commandbus.prune_batches(p_before timestamptz, p_after text, p_limit int, p_dry_run boolean)
returns table (next text, removed jsonb) as $$
declare
    v_seen    int;
    v_last    text;
    v_domains text[];
    v_ids     uuid[];
    v_domain  text;
    v_over    uuid[];
    v_batches bigint := 0;
    v_events  bigint := 0;
    v_count   bigint;
begin
    select count(*), (array_agg(b.domain || '|' || b.batch_id))[count(*)], array_agg(b.domain), array_agg(b.batch_id)
    into v_seen, v_last, v_domains, v_ids
    from (
        select b.domain, b.batch_id from commandbus.batch b
        where p_after is null
           or (b.domain, b.batch_id) > (split_part(p_after, '|', 1), split_part(p_after, '|', 2)::uuid)
        order by b.domain, b.batch_id limit p_limit
    ) as b;

    for v_domain in select distinct d.domain from unnest(v_domains) as d(domain) order by 1 loop
        v_over := array(
            select b.batch_id from commandbus.batch b
            where b.domain = v_domain
              and b.batch_id = any(array(select i.id from unnest(v_domains, v_ids) as i(domain, id) where i.domain = v_domain))
              and b.status in ('COMPLETED', 'COMPLETED_WITH_FAILURES') and b.completed_at < p_before
              -- A dry run has left the members there.
              and (p_dry_run
                   or (select true from commandbus.command c
                       where c.domain = b.domain and c.batch_id = b.batch_id limit 1) is null
                  and (select true from commandbus.process p
                       where p.batch_id = b.batch_id and p.domain = b.domain limit 1) is null)
            order by b.batch_id for update skip locked);
        if p_dry_run then
            select count(*) into v_count from commandbus.audit a
            where a.command_id = any(v_over) and a.domain = v_domain;
        else
            delete from commandbus.audit a where a.command_id = any(v_over) and a.domain = v_domain;
            get diagnostics v_count = row_count;
            delete from commandbus.paused p where p.domain = v_domain and p.batch_id = any(v_over);
            delete from commandbus.batch_delta d where d.domain = v_domain and d.batch_id = any(v_over);
            delete from commandbus.batch b where b.domain = v_domain and b.batch_id = any(v_over);
        end if;
        v_batches := v_batches + cardinality(v_over);
        v_events := v_events + v_count;
    end loop;

    next := case when v_seen = p_limit then v_last end;
    removed := jsonb_build_object('batches', v_batches, 'audit_events', v_events);
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set jit = off;

-- The archives of the queues, one queue after the other. A message stays while a command names it that is not over: an
-- operator may send it again.
create or replace function commandbus.prune_archives(p_before timestamptz, p_after text, p_limit int, p_dry_run boolean)
returns table (next text, removed jsonb) as $$
declare
    v_queue text;
    v_at    timestamptz := '-infinity';
    v_id    bigint := 0;
    v_seen  int;
    v_last  text;
    v_over  bigint[];
begin
    select m.queue_name into v_queue from pgmq.meta m
    where m.queue_name ~ '__(commands|replies|process_replies)$' and m.queue_name >= split_part(coalesce(p_after, ''), '|', 1)
    order by m.queue_name limit 1;
    if v_queue is null then
        removed := '{}';
        return next;
        return;
    end if;
    if v_queue = split_part(p_after, '|', 1) and p_after like '%|%' then
        v_at := split_part(p_after, '|', 2)::timestamptz;
        v_id := split_part(p_after, '|', 3)::bigint;
    end if;

    execute format(
        'select count(*), (array_agg(m.archived_at || ''|'' || m.msg_id))[count(*)],
                array_agg(m.msg_id) filter (where m.is_awaited is null)
         from (
             select m.*, (
                 select true from commandbus.command_end c
                 where c.domain = $5 and c.msg_id = m.msg_id and coalesce(c.over_at, ''infinity'') >= $3
                   and c.command_id = case when m.id like ''________-____-____-____-____________''
                                            and translate(m.id, ''0123456789abcdefABCDEF'', '''') = ''----''
                                      then m.id::uuid end) as is_awaited
             from (
                 select a.msg_id, a.archived_at, a.message->>''command_id'' as id from pgmq.%I a
                 where (a.archived_at, a.msg_id) > ($1, $2) and a.archived_at < $3
                 order by a.archived_at, a.msg_id limit $4
             ) as m
         ) as m', 'a_' || v_queue)
    into v_seen, v_last, v_over
    -- Only in the queues of commands there are messages that commands name.
    using v_at, v_id, p_before, p_limit,
          case when v_queue like '%\_\_commands' then left(v_queue, -length('__commands')) end;
    if not p_dry_run then
        execute format('delete from pgmq.%I a where a.msg_id = any($1)', 'a_' || v_queue) using v_over;
    end if;

    if v_seen = p_limit then
        next := v_queue || '|' || v_last;
    else
        select min(m.queue_name) into next from pgmq.meta m
        where m.queue_name ~ '__(commands|replies|process_replies)$' and m.queue_name > v_queue;
    end if;
    removed := jsonb_build_object('archived_messages', coalesce(cardinality(v_over), 0));
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set jit = off;

-- Records about replies: STRAY ones, PARKED ones that were sent again, UNDELIVERED ones.
create or replace function commandbus.prune_replies(
    p_kind text, p_before timestamptz, p_after text, p_limit int, p_dry_run boolean
) returns table (next text, removed jsonb) as $$
declare
    v_table   constant text := case p_kind when 'STRAY' then 'stray_reply' when 'PARKED' then 'parked_reply'
                                           else 'undelivered_reply' end;
    v_id      constant text := case p_kind when 'PARKED' then 'parked_reply_id' else 'id' end;
    v_since   constant text := case p_kind when 'STRAY' then 'recorded_at' when 'PARKED' then 'parked_at'
                                           else 'created_at' end;
    v_over_at constant text := case p_kind when 'PARKED' then 'retried_at' else v_since end;
    v_seen    int;
    v_last    bigint;
    v_younger boolean;
    v_over    bigint[];
begin
    execute format(
        'select count(*), max(r.id), bool_or(r.since >= $1), array_agg(r.id) filter (where r.over_at < $1)
         from (select %1$I as id, %2$I as since, %3$I as over_at from commandbus.%4$I
               where %1$I > $2 order by %1$I limit $3 for update skip locked) as r', v_id, v_since, v_over_at, v_table)
    into v_seen, v_last, v_younger, v_over
    using p_before, coalesce(p_after::bigint, 0), p_limit;
    if not p_dry_run then
        execute format('delete from commandbus.%I where %I = any($1)', v_table, v_id) using v_over;
    end if;

    next := case when v_seen = p_limit and not v_younger then v_last::text end;
    removed := jsonb_build_object(lower(p_kind) || '_replies', coalesce(cardinality(v_over), 0));
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set jit = off;

insert into commandbus.schema_migrations (version, name) values (15, 'pruning') on conflict do nothing;
