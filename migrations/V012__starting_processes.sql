-- Processes: their start, and what they send.

-- Sends commands of processes of one domain, each with a line in their audit trail. p_steps: {process_id, step_name,
-- kind, undoes, visit, timeout_ms, domain, message, headers, max_attempts, delay_ms, not_before}, where `message` is the
-- envelope. p_now is when that is.
create or replace function commandbus.send_steps(p_domain text, p_steps jsonb[], p_now timestamptz) returns void as $$
declare
    v_domain  record;
    v_refused int[];
begin
    insert into commandbus.process_audit
        (domain, process_id, step_name, kind, undoes, visit, command_domain, command_id, command_type, command_data,
         sent_at, due_at)
    select p_domain, s.process_id, s.step_name, s.kind, s.undoes, s.visit, s.domain, (s.message->>'command_id')::uuid,
           s.message->>'command_type', s.message->'data', p_now,
           p_now + s.timeout_ms * interval '1 millisecond'
    from unnest(p_steps) with ordinality as d(doc, position),
         jsonb_to_record(d.doc) as s(process_id uuid, step_name text, kind text, undoes uuid, visit int,
                                     timeout_ms bigint, domain text, message jsonb)
    order by d.position;

    for v_domain in
        select s.domain,
               array_agg((s.message->>'command_id')::uuid order by d.position) as command_ids,
               array_agg(s.message->>'command_type' order by d.position) as command_types,
               array_agg((s.message->>'correlation_id')::uuid order by d.position) as correlation_ids,
               array_agg(s.message order by d.position) as messages,
               array_agg(s.headers order by d.position) as headers,
               array_agg(s.message->>'reply_to' order by d.position) as reply_to,
               array_agg(s.max_attempts order by d.position) as max_attempts,
               array_agg(s.delay_ms order by d.position) as delays_ms,
               array_agg(s.not_before order by d.position) as not_before
        from unnest(p_steps) with ordinality as d(doc, position),
             jsonb_to_record(d.doc) as s(domain text, message jsonb, headers jsonb, max_attempts int, delay_ms bigint,
                                         not_before timestamptz)
        group by s.domain order by s.domain
    loop
        v_refused := commandbus.send_commands(
            v_domain.domain, v_domain.command_ids, v_domain.command_types, v_domain.correlation_ids, v_domain.messages,
            v_domain.headers, v_domain.reply_to, v_domain.max_attempts, v_domain.delays_ms, v_domain.not_before);
        if v_refused <> '{}' then
            raise exception 'commandbus: command % of a process is there already', v_domain.command_ids[v_refused[1]]
                using errcode = 'unique_violation';
        end if;
    end loop;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan;

-- Starts processes of one domain with the commands of their first step, and returns the positions (from 1) of those whose
-- id exists already. p_processes: {process_id, process_type, current_step, state, deadline_ms}, each id once; p_steps as
-- send_steps.
--
-- With p_batch_id they belong to a batch; p_filling: the batch is being created by this transaction and takes them all.
create or replace function commandbus.start_processes(
    p_domain text, p_processes jsonb[], p_steps jsonb[], p_batch_id uuid default null, p_filling boolean default false
) returns int[] as $$
declare
    v_now       constant timestamptz := clock_timestamp();
    v_started   uuid[];
    v_room      int;
    v_uncounted uuid[];
begin
    with given as (
        select p.*
        from unnest(p_processes) as d(doc),
             jsonb_to_record(d.doc) as p(process_id uuid, process_type text, current_step text, state jsonb,
                                         deadline_ms bigint)
    ), started as (
        insert into commandbus.process
            (domain, process_id, process_type, status, current_step, state, batch_id, created_at, updated_at, deadline_at)
        -- The state of a process without fields is JSON's null, which a record holds as SQL's.
        select p_domain, g.process_id, g.process_type, 'WAITING_FOR_REPLY', g.current_step, coalesce(g.state, 'null'),
               p_batch_id, v_now, v_now, v_now + g.deadline_ms * interval '1 millisecond'
        from given g
        order by g.process_id
        on conflict (domain, process_id) do nothing
        returning process_id
    )
    select array_agg(s.process_id) into v_started from started s;
    if v_started is null then
        return array(select generate_series(1, cardinality(p_processes)));
    end if;

    perform commandbus.send_steps(p_domain, array(
        select d.doc from unnest(p_steps) with ordinality as d(doc, position)
        where (d.doc->>'process_id')::uuid = any(v_started) order by d.position), v_now);

    update commandbus.process p
    set due_at = least(p.deadline_at, (
        select min(a.due_at) from commandbus.process_audit a where a.domain = p.domain and a.process_id = p.process_id))
    where p.domain = p_domain and p.process_id = any(array(
        select (d.doc->>'process_id')::uuid from unnest(p_processes) as d(doc) where d.doc->>'deadline_ms' is not null
        union
        select (d.doc->>'process_id')::uuid from unnest(p_steps) as d(doc) where d.doc->>'timeout_ms' is not null))
      and p.process_id = any(v_started);

    if p_batch_id is not null and not p_filling then
        select b.total_count - b.started_count into v_room
        from commandbus.batch b
        where b.domain = p_domain and b.batch_id = p_batch_id and b.batch_type = 'PROCESS'
        for no key update;
        v_room := greatest(coalesce(v_room, 0), 0);
        v_uncounted := (
            select array_agg(u.id) from (
                select u.id from unnest(v_started) as u(id) order by u.id offset v_room) as u);
        if v_uncounted is not null then
            update commandbus.process p set uncounted = true
            where p.domain = p_domain and p.process_id = any(v_uncounted);
        end if;
        if v_room > 0 then
            update commandbus.batch b
            set started_count = b.started_count + cardinality(v_started) - coalesce(cardinality(v_uncounted), 0)
            where b.domain = p_domain and b.batch_id = p_batch_id;
            perform commandbus.start_batches(p_domain, array[p_batch_id]);
        end if;
    end if;

    if cardinality(v_started) = cardinality(p_processes) then
        return '{}';
    end if;
    return array(
        select d.position::int from unnest(p_processes) with ordinality as d(doc, position)
        where (d.doc->>'process_id')::uuid <> all(v_started) order by d.position);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan;

-- Closes a process batch that was filled by the transaction that created it; its processes are under way.
create or replace function commandbus.close_process_batch(p_domain text, p_batch_id uuid, p_total int) returns void as $$
begin
    update commandbus.batch b set total_count = p_total, started_count = p_total
    where b.domain = p_domain and b.batch_id = p_batch_id;
    perform commandbus.start_batches(p_domain, array[p_batch_id]);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (12, 'starting_processes') on conflict do nothing;
