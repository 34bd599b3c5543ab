-- Batches: their start, their counts, and their one end.
--
-- Lock order, everywhere: queue rows by msg_id -> command rows by (domain, command_id) -> process rows -> side tables
-- -> batch rows by (domain, batch_id). The procedures here come last in every transaction.

-- A batch with exact counts: what is folded into it and what is not yet.
create or replace view commandbus.batch_status as
select b.domain, b.batch_id, b.name, b.custom_data, b.batch_type, b.status, b.total_count,
       b.completed_count + coalesce(d.completed, 0)::int as completed_count,
       b.failed_count + coalesce(d.failed, 0)::int as failed_count,
       b.canceled_count + coalesce(d.canceled, 0)::int as canceled_count,
       b.in_troubleshooting_count + coalesce(d.in_troubleshooting, 0)::int as in_troubleshooting_count,
       b.created_at, b.started_at, b.completed_at,
       (select p.paused_at from commandbus.paused p where p.domain = b.domain and p.batch_id = b.batch_id) as paused_at
from commandbus.batch b
left join lateral (
    select sum(d.completed) as completed, sum(d.failed) as failed, sum(d.canceled) as canceled,
           sum(d.in_troubleshooting) as in_troubleshooting
    from commandbus.batch_delta d
    where d.domain = b.domain and d.batch_id = b.batch_id
) d on true;

-- PENDING -> IN_PROGRESS for those of the batches that have not begun.
create or replace function commandbus.start_batches(p_domain text, p_batch_ids uuid[]) returns void as $$
declare
    v_pending uuid[];
begin
    -- Looked at without a lock first: nearly always they have begun, and the row stays untouched.
    select array_agg(b.batch_id) into v_pending
    from commandbus.batch b
    where b.domain = p_domain and b.batch_id = any(p_batch_ids) and b.status = 'PENDING';
    if v_pending is null then
        return;
    end if;

    perform 1 from commandbus.batch b
    where b.domain = p_domain and b.batch_id = any(v_pending)
    order by b.batch_id for no key update;

    with started as (
        update commandbus.batch b set status = 'IN_PROGRESS', started_at = clock_timestamp()
        where b.domain = p_domain and b.batch_id = any(v_pending) and b.status = 'PENDING'
        returning b.batch_id, b.status, b.total_count
    )
    insert into commandbus.audit (domain, command_id, event_type, details_json)
    select p_domain, s.batch_id, 'BATCH_STARTED', jsonb_build_object(
        'batch_id', s.batch_id, 'status', s.status, 'total_count', s.total_count)
    from started s;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Ends batches, whose rows the caller has locked: state, audit, durable callback, wake-up.
create or replace function commandbus.end_batches(p_domain text, p_batch_ids uuid[]) returns uuid[] as $$
declare
    v_ended uuid[];
    v_batch record;
begin
    with ended as (
        update commandbus.batch b
        set status = case when b.failed_count + b.canceled_count > 0 then 'COMPLETED_WITH_FAILURES' else 'COMPLETED' end,
            started_at = coalesce(b.started_at, clock_timestamp()),
            completed_at = clock_timestamp()
        where b.domain = p_domain and b.batch_id = any(p_batch_ids) and b.status in ('PENDING', 'IN_PROGRESS')
        returning b.*
    ), audited as (
        insert into commandbus.audit (domain, command_id, event_type, details_json)
        select p_domain, e.batch_id, 'BATCH_COMPLETED', jsonb_build_object(
            'batch_id', e.batch_id, 'status', e.status, 'total_count', e.total_count, 'completed_count', e.completed_count,
            'failed_count', e.failed_count, 'canceled_count', e.canceled_count)
        from ended e
    )
    select array_agg(e.batch_id) into v_ended from ended e;

    for v_batch in
        select b.then_command as command from commandbus.batch b
        where b.domain = p_domain and b.batch_id = any(v_ended) and b.then_command is not null
        order by b.batch_id
    loop
        -- Its id was drawn when the batch was created: however often this runs, there is one such command. Its queue was
        -- made then, too; this is for one that was dropped since, which must not keep the batch from ending.
        perform commandbus.ensure_queue((v_batch.command->>'domain') || '__commands');
        perform commandbus.send_commands(
            v_batch.command->>'domain',
            array[(v_batch.command->>'command_id')::uuid],
            array[v_batch.command->>'command_type'],
            array[(v_batch.command->>'correlation_id')::uuid],
            array[v_batch.command - 'max_attempts' - 'headers' - 'delay_ms' - 'not_before'],
            array[nullif(v_batch.command->'headers', 'null')],
            array[v_batch.command->>'reply_to'],
            array[(v_batch.command->>'max_attempts')::int],
            array[(v_batch.command->>'delay_ms')::bigint],
            array[(v_batch.command->>'not_before')::timestamptz]);
    end loop;

    perform pg_notify('commandbus_batch', e.batch_id::text) from unnest(v_ended) as e(batch_id);
    return coalesce(v_ended, '{}');
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Adds to the counts of batches, folds in what transactional settlements left behind, and ends those that are done;
-- returns these. The arrays run side by side; a batch may stand in them often.
create or replace function commandbus.count_batches(
    p_domain             text,
    p_batch_ids          uuid[],
    p_completed          int[],
    p_failed             int[],
    p_canceled           int[],
    p_in_troubleshooting int[]
) returns uuid[] as $$
declare
    v_done uuid[];
begin
    perform 1 from commandbus.batch b
    where b.domain = p_domain and b.batch_id = any(p_batch_ids)
    order by b.batch_id for no key update;

    with folded as (
        delete from commandbus.batch_delta d
        where d.domain = p_domain and d.batch_id = any(p_batch_ids)
        returning d.batch_id, d.completed, d.failed, d.canceled, d.in_troubleshooting
    ), change as (
        select c.batch_id, sum(c.completed) as completed, sum(c.failed) as failed, sum(c.canceled) as canceled,
               sum(c.in_troubleshooting) as in_troubleshooting
        from (
            select * from folded
            union all
            select * from unnest(p_batch_ids, p_completed, p_failed, p_canceled, p_in_troubleshooting)
        ) as c
        group by c.batch_id
    ), counted as (
        update commandbus.batch b
        set completed_count = b.completed_count + c.completed,
            failed_count = b.failed_count + c.failed,
            canceled_count = b.canceled_count + c.canceled,
            in_troubleshooting_count = b.in_troubleshooting_count + c.in_troubleshooting
        from change c
        where b.domain = p_domain and b.batch_id = c.batch_id
        returning b.*
    )
    select array_agg(c.batch_id order by c.batch_id) into v_done
    from counted c
    where c.status in ('PENDING', 'IN_PROGRESS') and c.in_troubleshooting_count = 0
      and c.completed_count + c.failed_count + c.canceled_count >= c.total_count;

    if v_done is null then
        return '{}';
    end if;
    return commandbus.end_batches(p_domain, v_done);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set enable_seqscan = off set plan_cache_mode = force_generic_plan;

-- Folds what transactional settlements of a domain left behind; returns how many batches had something.
create or replace function commandbus.fold_batches(p_domain text, p_limit int default 1000) returns int as $$
declare
    v_batch_ids uuid[];
    v_zeros     int[];
begin
    select array_agg(distinct d.batch_id) into v_batch_ids
    from (select d.batch_id from commandbus.batch_delta d where d.domain = p_domain limit p_limit) as d;
    if v_batch_ids is null then
        return 0;
    end if;
    v_zeros := array_fill(0, array[cardinality(v_batch_ids)]);
    perform commandbus.count_batches(p_domain, v_batch_ids, v_zeros, v_zeros, v_zeros, v_zeros);
    return cardinality(v_batch_ids);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Recounts a batch from its members and ends it when that shows that it is done. The original returns nothing here.
drop function if exists commandbus.sp_refresh_batch_stats(text, uuid);
create function commandbus.sp_refresh_batch_stats(p_domain text, p_batch_id uuid)
returns table (
    completed_count bigint, failed_count bigint, canceled_count bigint, in_troubleshooting_count bigint,
    is_complete boolean
) as $$
declare
    v_batch commandbus.batch;
begin
    select * into v_batch from commandbus.batch b
    where b.domain = p_domain and b.batch_id = p_batch_id for no key update;
    if not found then
        return;
    end if;

    if v_batch.batch_type = 'PROCESS' then
        select count(*) filter (where p.status in ('COMPLETED', 'COMPENSATED')), 0,
               count(*) filter (where p.status in ('FAILED', 'CANCELED')),
               count(*) filter (where p.status = 'WAITING_FOR_TSQ' or p.parked_count > 0)
        into v_batch.completed_count, v_batch.failed_count, v_batch.canceled_count, v_batch.in_troubleshooting_count
        from commandbus.process p
        where p.batch_id = p_batch_id and p.domain = p_domain and not p.uncounted;
    else
        -- One statement, one snapshot: a delta goes exactly when the command it speaks of is counted.
        with folded as (
            delete from commandbus.batch_delta d where d.domain = p_domain and d.batch_id = p_batch_id
        )
        select count(*) filter (where c.status = 'COMPLETED'), count(*) filter (where c.status = 'FAILED'),
               count(*) filter (where c.status = 'CANCELED'),
               count(*) filter (where c.status = 'IN_TROUBLESHOOTING_QUEUE')
        into v_batch.completed_count, v_batch.failed_count, v_batch.canceled_count, v_batch.in_troubleshooting_count
        from commandbus.command c
        where c.domain = p_domain and c.batch_id = p_batch_id;
    end if;

    update commandbus.batch b
    set completed_count = v_batch.completed_count, failed_count = v_batch.failed_count,
        canceled_count = v_batch.canceled_count, in_troubleshooting_count = v_batch.in_troubleshooting_count
    where b.domain = p_domain and b.batch_id = p_batch_id
      and (b.completed_count, b.failed_count, b.canceled_count, b.in_troubleshooting_count) is distinct from
          (v_batch.completed_count, v_batch.failed_count, v_batch.canceled_count, v_batch.in_troubleshooting_count);

    is_complete := v_batch.completed_count + v_batch.failed_count + v_batch.canceled_count >= v_batch.total_count
                   and v_batch.in_troubleshooting_count = 0;
    if is_complete and v_batch.status in ('PENDING', 'IN_PROGRESS') then
        perform commandbus.end_batches(p_domain, array[p_batch_id]);
    end if;

    completed_count := v_batch.completed_count;
    failed_count := v_batch.failed_count;
    canceled_count := v_batch.canceled_count;
    in_troubleshooting_count := v_batch.in_troubleshooting_count;
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Pauses or resumes a batch, or a domain (p_batch_id null). A paused batch's messages are hidden for good when a
-- receive meets them, and become visible again here.
create or replace function commandbus.set_paused(p_domain text, p_batch_id uuid, p_paused boolean) returns void as $$
begin
    if p_paused then
        insert into commandbus.paused (domain, batch_id)
        select p_domain, p_batch_id
        where p_batch_id is null or exists (
            select from commandbus.batch b
            where b.domain = p_domain and b.batch_id = p_batch_id and b.status in ('PENDING', 'IN_PROGRESS'))
        on conflict do nothing;
        return;
    end if;
    delete from commandbus.paused p where p.domain = p_domain and p.batch_id is not distinct from p_batch_id;
    if p_batch_id is not null then
        execute format(
            'with held as (
                 select q.msg_id from pgmq.%1$I q
                 where q.vt = ''infinity'' and q.msg_id in (
                     select c.msg_id from commandbus.command c where c.domain = $1 and c.batch_id = $2)
                 order by q.msg_id for update
             )
             update pgmq.%1$I q set vt = clock_timestamp() from held where q.msg_id = held.msg_id',
            'q_' || p_domain || '__commands')
        using p_domain, p_batch_id;
    end if;
    perform pg_notify('pgmq_notify_' || p_domain || '__commands', '');
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (7, 'batches') on conflict do nothing;
