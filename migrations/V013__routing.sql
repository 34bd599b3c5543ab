-- Processes on the move: the transitions of routers.
--
-- Replies are routed by revision: a router reads processes unlocked, decides, and names with each move the revision that
-- it decided on. The move locks the process, and changes nothing when that is no longer the one. So no lock is held
-- while a router thinks, and several routers at once are safe.
--
-- Lock order, as everywhere: reply messages by msg_id -> process rows by (domain, process_id) -> side tables -> batches.
--
-- Rows are looked up one by one, by their key (`lateral`), and once locked found again by their place (`ctid`): in a join,
-- a planner that has no statistics yet would read every process of the domain, and a kept plan go on doing so.

-- What there is to route in a domain: up to p_limit replies (kind REPLY), hidden for p_lease_s seconds; processes that
-- are due (DUE); and in how many milliseconds the next one will be (NEXT). A process is not due while one of its commands
-- has ended and the reply is on the way: a reply that was in time is not too late because its router was.
create or replace function commandbus.receive_replies(p_domain text, p_limit int, p_lease_s int)
returns table (kind text, msg_id bigint, reads int, message jsonb, process_id uuid, wait_ms bigint) as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_due uuid[];
begin
    return query
    select 'REPLY', r.msg_id, r.read_ct::int, r.message, null::uuid, null::bigint
    from pgmq.read(p_domain || '__process_replies', p_lease_s, p_limit) r
    order by r.msg_id;

    -- Into an array, and only then looked into: nearly always there is none.
    v_due := array(
        select p.process_id from commandbus.process p
        where p.domain = p_domain and p.due_at <= v_now
        order by p.due_at limit p_limit);
    if v_due <> '{}' then
        return query
        select 'DUE', null::bigint, null::int, null::jsonb, d.process_id, null::bigint
        from unnest(v_due) as d(process_id)
        where not commandbus.is_answered(p_domain, d.process_id);
    end if;

    return query
    select 'NEXT', null::bigint, null::int, null::jsonb, null::uuid,
           ceil(extract(epoch from n.due_at - v_now) * 1000)::bigint
    from (select min(p.due_at) as due_at from commandbus.process p where p.domain = p_domain and p.due_at > v_now) as n
    where n.due_at is not null;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan;

-- Whether one of its commands has ended, and the reply is on the way; one that is parked is not.
create or replace function commandbus.is_answered(p_domain text, p_process_id uuid) returns boolean as $$
    select exists (
        select from commandbus.process_audit a
        where a.domain = p_domain and a.process_id = p_process_id and a.reply_outcome is null
          and exists (
              select from commandbus.command c
              where c.domain = a.command_domain and c.command_id = a.command_id
                and c.status in ('COMPLETED', 'FAILED', 'CANCELED'))
          and not exists (
              select from commandbus.parked_reply r
              where r.process_id = a.process_id and r.command_id = a.command_id and r.retried_at is null))
$$ language sql stable set search_path = pg_catalog, pg_temp;

-- Processes with all that they have sent, in order.
create or replace function commandbus.load_processes(p_domain text, p_process_ids uuid[])
returns table (
    process_id uuid, process_type text, status text, state jsonb, error_code text, error_message text, ends_as text,
    revision bigint, is_overdue boolean, steps jsonb
) as $$
begin
    return query
    select p.process_id, p.process_type::text, p.status::text, p.state, p.error_code::text, p.error_message::text,
           p.ends_as::text, p.revision,
           coalesce(p.deadline_at <= clock_timestamp(), false),
           coalesce((
               select jsonb_agg(jsonb_build_object(
                   'command_id', a.command_id, 'domain', coalesce(a.command_domain, p.domain), 'step_name', a.step_name,
                   'kind', a.kind, 'undoes', a.undoes, 'visit', a.visit, 'outcome', a.reply_outcome,
                   'is_overdue', coalesce(a.reply_outcome is null and a.due_at <= clock_timestamp(), false)) order by a.id)
               from commandbus.process_audit a
               where a.domain = p.domain and a.process_id = p.process_id), '[]')
    from unnest(p_process_ids) as i(id),
         lateral (select * from commandbus.process p where p.domain = p_domain and p.process_id = i.id limit 1) as p;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan;

-- Puts off processes that are due and cannot be moved.
create or replace function commandbus.postpone_processes(p_domain text, p_process_ids uuid[], p_by_ms bigint)
returns void as $$
begin
    perform 1 from commandbus.process p
    where p.domain = p_domain and p.process_id = any(p_process_ids)
    order by p.process_id for no key update;
    update commandbus.process p set due_at = clock_timestamp() + p_by_ms * interval '1 millisecond'
    where p.domain = p_domain and p.process_id = any(p_process_ids) and p.due_at <= clock_timestamp();
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Counts anew what waits for an operator of processes, whose commands were parked or left the troubleshooting queue in
-- this transaction: the one thing that a worker of another domain does to them. The arrays run side by side and hold the
-- reply queues and correlation ids of the commands; those that belong to no process are passed over.
create or replace function commandbus.recount_parked(p_reply_queues text[], p_correlation_ids uuid[]) returns void as $$
declare
    v_domain  record;
    v_places  tid[];
    v_ids     uuid[];
    v_before  int[];
    v_blocked uuid[];
    v_changes int[];
    v_zeros   int[];
begin
    for v_domain in
        select left(i.queue, -length('__process_replies')) as name, array_agg(distinct i.id) as ids
        from unnest(p_reply_queues, p_correlation_ids) as i(queue, id)
        where i.queue like '%\_\_process\_replies' and i.id is not null
        group by i.queue order by i.queue
    loop
        select array_agg(p.place), array_agg(p.process_id), array_agg(p.parked_count)
        into v_places, v_ids, v_before
        from (select d.id from unnest(v_domain.ids) as d(id) order by d.id) as i,
             lateral (
                 select p.ctid as place, p.process_id, p.parked_count from commandbus.process p
                 where p.domain = v_domain.name and p.process_id = i.id
                   and p.status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED')
                 limit 1 for no key update
             ) as p;

        with counted as (
            select i.place, i.before, commandbus.count_parked_of(v_domain.name, i.process_id) as now
            from unnest(v_places, v_ids, v_before) as i(place, process_id, before)
        ), changed as (
            update commandbus.process p
            set parked_count = c.now, updated_at = clock_timestamp(),
                status = case when p.status not in ('WAITING_FOR_REPLY', 'WAITING', 'WAITING_FOR_TSQ') then p.status
                              when c.now > 0 then 'WAITING_FOR_TSQ' else 'WAITING_FOR_REPLY' end
            from counted c
            where p.ctid = c.place and c.now <> c.before
            returning p.batch_id, p.uncounted, c.before, c.now
        )
        select array_agg(c.batch_id), array_agg((c.now > 0)::int - (c.before > 0)::int)
        into v_blocked, v_changes
        from changed c
        where c.batch_id is not null and not c.uncounted and (c.now > 0) <> (c.before > 0);

        if v_blocked is not null then
            v_zeros := array_fill(0, array[cardinality(v_blocked)]);
            perform commandbus.count_batches(v_domain.name, v_blocked, v_zeros, v_zeros, v_zeros, v_changes);
        end if;
    end loop;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- How many commands in flight and replies of a process wait for an operator.
create or replace function commandbus.count_parked_of(p_domain text, p_process_id uuid) returns int as $$
    select ((
        select count(*) from commandbus.process_audit a
        join commandbus.command c on c.domain = a.command_domain and c.command_id = a.command_id
        where a.domain = p_domain and a.process_id = p_process_id and a.reply_outcome is null
          and c.status = 'IN_TROUBLESHOOTING_QUEUE'
    ) + (
        select count(*) from commandbus.parked_reply r
        where r.process_id = p_process_id and r.domain = p_domain and r.retried_at is null
    ))::int
$$ language sql volatile set search_path = pg_catalog, pg_temp;

-- Moves processes of one domain, each named once, and returns those that were at the revision that was decided on; of the
-- others nothing changes.
--
-- p_moves: {process_id, revision, status, current_step, state, error_code, error_message, ends_as, look_again_ms, timed},
-- `timed` when one of the steps has a timeout; p_answers: {process_id, msg_id, command_id, outcome, data}, the replies they
-- have taken in; p_steps as send_steps.
create or replace function commandbus.advance_processes(p_domain text, p_moves jsonb[], p_answers jsonb[], p_steps jsonb[])
returns uuid[] as $$
declare
    v_queue         constant text := p_domain || '__process_replies';
    v_now           timestamptz;
    v_ids           uuid[];
    v_revisions     bigint[];
    v_current       uuid[];
    v_places        tid[];
    v_parked        int[];
    v_ended         boolean;
    v_batches       uuid[];
    v_batch_counts  int[][];
begin
    select array_agg((d.doc->>'process_id')::uuid), array_agg((d.doc->>'revision')::bigint) into v_ids, v_revisions
    from unnest(p_moves) as d(doc);

    execute commandbus.on_queue(v_queue, 'lock')
    using array(select (d.doc->>'msg_id')::bigint from unnest(p_answers) as d(doc));

    select array_agg(p.process_id), array_agg(p.place), array_agg(p.parked_count) into v_current, v_places, v_parked
    from (select * from unnest(v_ids, v_revisions) as m(process_id, revision) order by m.process_id) as m,
         lateral (
             select p.ctid as place, p.process_id, p.parked_count from commandbus.process p
             where p.domain = p_domain and p.process_id = m.process_id and p.revision = m.revision
               and p.status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED')
             limit 1 for no key update
         ) as p;
    if v_current is null then
        return '{}';
    end if;
    -- Not before the locks were had: what a process does comes after what it did.
    v_now := clock_timestamp();

    update commandbus.process_audit a
    set reply_outcome = i.outcome, reply_data = i.data, received_at = v_now
    from unnest(p_answers) as d(doc),
         jsonb_to_record(d.doc) as i(process_id uuid, command_id uuid, outcome text, data jsonb),
         lateral (
             select a.ctid as place from commandbus.process_audit a
             where a.command_id = i.command_id and a.domain = p_domain and a.process_id = i.process_id
               and a.reply_outcome is null
             limit 1
         ) as l
    where i.process_id = any(v_current) and a.ctid = l.place;

    perform commandbus.send_steps(p_domain, array(
        select d.doc from unnest(p_steps) with ordinality as d(doc, position)
        where (d.doc->>'process_id')::uuid = any(v_current) order by d.position), v_now);

    with changed as (
        select m.*, m.status in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED') as ended, c.place, c.before
        from unnest(p_moves) as d(doc),
             jsonb_to_record(d.doc) as m(process_id uuid, status text, current_step text, state jsonb, error_code text,
                                         error_message text, ends_as text, look_again_ms bigint, timed boolean)
        join unnest(v_current, v_places, v_parked) as c(process_id, place, before) on c.process_id = m.process_id
    ), counted as (
        select c.*, case when c.ended or c.before = 0 then 0
                         else commandbus.count_parked_of(p_domain, c.process_id) end as parked_count
        from changed c
    ), moved as (
        update commandbus.process p
        set revision = p.revision + 1,
            parked_count = c.parked_count,
            status = case when c.status = 'WAITING_FOR_REPLY' and c.parked_count > 0 then 'WAITING_FOR_TSQ'
                          else c.status end,
            current_step = c.current_step,
            state = coalesce(c.state, 'null'),
            error_code = c.error_code,
            error_message = c.error_message,
            ends_as = c.ends_as,
            -- At its deadline, or the first timeout of what is in flight; on the way back only when that was asked for.
            due_at = case
                when c.ended then null
                when c.ends_as is not null then v_now + c.look_again_ms * interval '1 millisecond'
                when not c.timed and p.due_at is null then null
                else least(p.deadline_at, (
                    select min(a.due_at) from commandbus.process_audit a
                    where a.domain = p.domain and a.process_id = p.process_id and a.reply_outcome is null)) end,
            updated_at = v_now,
            completed_at = case when c.ended then v_now end
        from counted c
        where p.ctid = c.place
        returning p.batch_id, p.uncounted, c.status, c.ended, (c.parked_count > 0)::int - (c.before > 0)::int as blocked
    )
    select bool_or(m.ended),
           array_agg(m.batch_id) filter (where m.batch_id is not null and not m.uncounted and (m.ended or m.blocked <> 0)),
           array_agg(array[(m.status in ('COMPLETED', 'COMPENSATED'))::int, (m.status in ('FAILED', 'CANCELED'))::int,
                           m.blocked])
               filter (where m.batch_id is not null and not m.uncounted and (m.ended or m.blocked <> 0))
    into v_ended, v_batches, v_batch_counts
    from moved m;

    execute commandbus.on_queue(v_queue, 'delete') using array(
        select (d.doc->>'msg_id')::bigint from unnest(p_answers) as d(doc)
        where (d.doc->>'process_id')::uuid = any(v_current));

    if v_ended then
        perform pg_notify('commandbus_process', p_domain);
    end if;
    if v_batches is not null then
        perform commandbus.count_batches(
            p_domain, v_batches, v_batch_counts[:][1:1], array_fill(0, array[cardinality(v_batches)]),
            v_batch_counts[:][2:2], v_batch_counts[:][3:3]);
    end if;
    return v_current;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan;

-- What becomes of replies that no process takes in now. p_asides: {msg_id, process_id, command_id, fate, reason,
-- pause_ms, error_code, error_message}; fate: STRAY, LATER, PARK. A message that is no longer there is passed over.
create or replace function commandbus.set_aside_replies(p_domain text, p_asides jsonb[]) returns void as $$
declare
    v_queue    constant text := p_domain || '__process_replies';
    v_ids      bigint[];
    v_messages jsonb[];
    v_parked   uuid[];
begin
    execute format(
        'select array_agg(m.msg_id), array_agg(m.message)
         from (select q.msg_id, q.message from pgmq.%I q where q.msg_id = any($1) order by q.msg_id for update) as m',
        'q_' || v_queue)
    into v_ids, v_messages
    using array(select (d.doc->>'msg_id')::bigint from unnest(p_asides) as d(doc));
    if v_ids is null then
        return;
    end if;

    execute format(
        'update pgmq.%I q set vt = clock_timestamp() + (d.doc->>''pause_ms'')::bigint * interval ''1 millisecond''
         from unnest($1) as d(doc)
         where q.msg_id = (d.doc->>''msg_id'')::bigint and d.doc->>''fate'' = ''LATER''', 'q_' || v_queue)
    using p_asides;

    v_parked := array(
        select distinct (d.doc->>'process_id')::uuid from unnest(p_asides) as d(doc)
        where d.doc->>'fate' = 'PARK' and d.doc->>'process_id' is not null
          and (d.doc->>'msg_id')::bigint = any(v_ids));
    perform 1 from commandbus.process p
    where p.domain = p_domain and p.process_id = any(v_parked)
    order by p.process_id for no key update;

    with given as (
        select a.*, m.message, d.position
        from unnest(p_asides) with ordinality as d(doc, position),
             jsonb_to_record(d.doc) as a(msg_id bigint, process_id uuid, command_id uuid, fate text, reason text,
                                         error_code text, error_message text)
        join unnest(v_ids, v_messages) as m(msg_id, message) on m.msg_id = a.msg_id
    ), strays as (
        insert into commandbus.stray_reply (domain, process_id, command_id, reply, reason, recorded_at)
        select p_domain, g.process_id, g.command_id, g.message, g.reason, clock_timestamp()
        from given g where g.fate = 'STRAY' order by g.position
    )
    insert into commandbus.parked_reply (domain, process_id, command_id, reply, error_code, error_message, parked_at)
    select p_domain, g.process_id, g.command_id, g.message, g.error_code, g.error_message, clock_timestamp()
    from given g where g.fate = 'PARK' order by g.position;

    perform pgmq.archive(v_queue, array(
        select (d.doc->>'msg_id')::bigint from unnest(p_asides) as d(doc)
        where d.doc->>'fate' <> 'LATER' and (d.doc->>'msg_id')::bigint = any(v_ids)));
    if cardinality(v_parked) > 0 then
        -- It came in time; only the deadline goes on.
        update commandbus.process_audit a set due_at = null
        from unnest(p_asides) as d(doc)
        where a.command_id = (d.doc->>'command_id')::uuid and a.domain = p_domain
          and a.process_id = (d.doc->>'process_id')::uuid and a.reply_outcome is null and d.doc->>'fate' = 'PARK'
          and (d.doc->>'msg_id')::bigint = any(v_ids);
        update commandbus.process p
        set due_at = least(p.deadline_at, (
            select min(a.due_at) from commandbus.process_audit a
            where a.domain = p.domain and a.process_id = p.process_id and a.reply_outcome is null))
        where p.domain = p_domain and p.process_id = any(v_parked) and p.ends_as is null
          and p.status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED');
        perform commandbus.recount_parked(array_fill(v_queue, array[cardinality(v_parked)]), v_parked);
    end if;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Sends parked replies of a domain to the routers again for an operator, with p_result as their result if it is given;
-- returns those that were parked.
create or replace function commandbus.retry_replies(
    p_domain text, p_ids bigint[], p_result jsonb, p_operator text, p_reason text
) returns bigint[] as $$
declare
    v_queue     constant text := p_domain || '__process_replies';
    v_processes uuid[];
    v_retried   bigint[];
    v_replies   jsonb[];
begin
    v_processes := array(
        select distinct r.process_id from commandbus.parked_reply r
        where r.parked_reply_id = any(p_ids) and r.domain = p_domain and r.process_id is not null);
    perform 1 from commandbus.process p
    where p.domain = p_domain and p.process_id = any(v_processes)
    order by p.process_id for no key update;

    with retried as (
        update commandbus.parked_reply r
        set operator = p_operator, reason = p_reason, result = p_result, retried_at = clock_timestamp()
        from (
            select r.parked_reply_id from commandbus.parked_reply r
            where r.parked_reply_id = any(p_ids) and r.domain = p_domain and r.retried_at is null
            order by r.parked_reply_id for update
        ) as l
        where r.parked_reply_id = l.parked_reply_id
        returning r.parked_reply_id, r.reply
    )
    select array_agg(r.parked_reply_id order by r.parked_reply_id),
           array_agg(case when p_result is null or jsonb_typeof(r.reply) <> 'object' then r.reply
                          else r.reply || jsonb_build_object('result', p_result) end order by r.parked_reply_id)
    into v_retried, v_replies
    from retried r;
    if v_retried is null then
        return '{}';
    end if;

    perform pgmq.send_batch(v_queue, v_replies);
    perform pg_notify('pgmq_notify_' || v_queue, '');
    if cardinality(v_processes) > 0 then
        perform commandbus.recount_parked(array_fill(v_queue, array[cardinality(v_processes)]), v_processes);
    end if;
    return v_retried;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (13, 'routing') on conflict do nothing;
