-- An operator's verb on everything that a filter finds, as one operation that can be followed; and who is at work.

create table if not exists commandbus.operation (
    operation_id  uuid primary key,
    -- RETRY, CANCEL, COMPLETE.
    verb          text not null,
    -- Which parked commands: {domain, command_type, error_code, fingerprint, batch_id, command_id, command_ids}.
    filter        jsonb not null,
    operator      text not null,
    reason        text null,
    -- What COMPLETE ends them with.
    result        jsonb null,
    -- RUNNING, COMPLETED, CANCELED.
    status        text not null default 'RUNNING',
    -- How many the filter found when it began, what became of them, and how many of these somebody else was faster with,
    -- or had no message to send again.
    total_count   int not null,
    done_count    int not null default 0,
    skipped_count int not null default 0,
    -- It takes what is parked from `reached` on up to `last`; what is parked later is left.
    reached       bigint not null default 0,
    last          bigint not null,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    completed_at  timestamptz null,
    constraint ck_operation_verb check (verb in ('RETRY', 'CANCEL', 'COMPLETE')),
    constraint ck_operation_status check (status in ('RUNNING', 'COMPLETED', 'CANCELED'))
);

create index if not exists ix_operation_created on commandbus.operation (created_at desc, operation_id desc);

-- What a filter finds of what is parked.
create or replace function commandbus.find_parked(p_filter jsonb, p_after bigint, p_last bigint, p_limit int)
returns table (parked_id bigint, domain text, command_id uuid) as $$
    select t.parked_id, t.domain, t.command_id
    from commandbus.troubleshooting t
    join commandbus.command c on c.domain = t.domain and c.command_id = t.command_id
        and c.status = 'IN_TROUBLESHOOTING_QUEUE'
    where t.parked_id > p_after and t.parked_id <= p_last
      and (p_filter->>'domain' is null or t.domain = p_filter->>'domain')
      and (p_filter->>'command_type' is null or t.command_type = p_filter->>'command_type')
      and (p_filter->>'error_code' is null or t.error_code = p_filter->>'error_code')
      and (p_filter->>'fingerprint' is null or t.fingerprint = p_filter->>'fingerprint')
      and (p_filter->>'batch_id' is null or t.batch_id = (p_filter->>'batch_id')::uuid)
      and (p_filter->>'command_id' is null or t.command_id = (p_filter->>'command_id')::uuid)
      and (p_filter->'command_ids' is null or p_filter->'command_ids' ? t.command_id::text)
    order by t.parked_id limit p_limit
$$ language sql stable set search_path = pg_catalog, pg_temp;

-- Begins an operation. The filter is asked once, so that the count is that of what will be taken.
create or replace function commandbus.begin_operation(
    p_operation_id uuid, p_verb text, p_filter jsonb, p_operator text, p_reason text, p_result jsonb
) returns void as $$
    insert into commandbus.operation (operation_id, verb, filter, operator, reason, result, total_count, last,
                                      status, completed_at)
    select p_operation_id, p_verb, p_filter, p_operator, p_reason, p_result, count(*), coalesce(max(f.parked_id), 0),
           case when count(*) = 0 then 'COMPLETED' else 'RUNNING' end, case when count(*) = 0 then now() end
    from commandbus.find_parked(p_filter, 0, 9223372036854775807, null) f
$$ language sql set search_path = pg_catalog, pg_temp;

-- Does the next p_limit of an operation, and counts them, in one transaction: whoever goes on with it, nothing is done
-- twice. Nothing happens while somebody else is at it, or when it is over.
create or replace function commandbus.advance_operation(p_operation_id uuid, p_limit int) returns void as $$
declare
    v_operation commandbus.operation;
    v_domain    text;
    v_parked    bigint[];
    v_domains   text[];
    v_all_ids   uuid[];
    v_ids       uuid[];
    v_done      int := 0;
    v_count     int;
begin
    select * into v_operation from commandbus.operation o
    where o.operation_id = p_operation_id and o.status = 'RUNNING' for no key update skip locked;
    if not found then
        return;
    end if;

    select array_agg(f.parked_id), array_agg(f.domain), array_agg(f.command_id) into v_parked, v_domains, v_all_ids
    from commandbus.find_parked(v_operation.filter, v_operation.reached, v_operation.last, p_limit) as f;

    for v_domain in select distinct d.domain from unnest(v_domains) as d(domain) order by 1 loop
        v_ids := array(
            select i.id from unnest(v_domains, v_all_ids) as i(domain, id) where i.domain = v_domain order by i.id);
        select count(*) filter (where r.done) into v_count
        from commandbus.resolve_parked(
            v_domain, v_ids, array_fill(v_operation.verb, array[cardinality(v_ids)]),
            array_fill(v_operation.operator, array[cardinality(v_ids)]),
            array_fill(v_operation.reason, array[cardinality(v_ids)]),
            array_fill(null::jsonb, array[cardinality(v_ids)]),
            array_fill(v_operation.result, array[cardinality(v_ids)])) as r;
        v_done := v_done + v_count;
    end loop;

    v_count := coalesce(cardinality(v_parked), 0);
    update commandbus.operation o
    set done_count = o.done_count + v_done,
        reached = case when v_count > 0 then v_parked[v_count] else o.last end,
        status = case when v_count < p_limit then 'COMPLETED' else o.status end,
        -- What somebody else resolved is not found any more.
        skipped_count = case when v_count < p_limit then greatest(o.total_count - o.done_count - v_done, 0)
                             else o.skipped_count + v_count - v_done end,
        completed_at = case when v_count < p_limit then clock_timestamp() end,
        updated_at = clock_timestamp()
    where o.operation_id = p_operation_id;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- One row a worker, written now and then by itself.
create table if not exists commandbus.worker (
    worker_id   uuid primary key,
    domain      text not null,
    host        text not null,
    pid         int not null,
    version     text not null,
    concurrency int not null,
    -- STARTING, RUNNING, STOPPING.
    phase       text not null,
    running     int not null,
    in_hand     int not null,
    started_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- A worker says that it lives, and takes out those that have not for a day.
create or replace function commandbus.beat(
    p_worker_id uuid, p_domain text, p_host text, p_pid int, p_version text, p_concurrency int, p_phase text,
    p_running int, p_in_hand int
) returns void as $$
begin
    insert into commandbus.worker (worker_id, domain, host, pid, version, concurrency, phase, running, in_hand)
    values (p_worker_id, p_domain, p_host, p_pid, p_version, p_concurrency, p_phase, p_running, p_in_hand)
    on conflict (worker_id) do update
    set phase = excluded.phase, running = excluded.running, in_hand = excluded.in_hand, seen_at = clock_timestamp();
    delete from commandbus.worker w
    where w.worker_id in (
        select w.worker_id from commandbus.worker w
        where w.seen_at < clock_timestamp() - interval '1 day' order by w.worker_id for update skip locked);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (16, 'operations') on conflict do nothing;
