-- Processes on the move: what the engine adds to the original's tables, and the transitions.
--
-- Replies are routed by revision: a router reads processes unlocked, decides, and names with each move the revision that
-- it decided on. The move locks the process, and changes nothing when that is no longer the one. So no lock is held
-- while a router thinks, and several routers at once are safe.
--
-- Lock order, as everywhere: reply messages by msg_id -> process rows by (domain, process_id) -> side tables -> batches.

alter table commandbus.process
    -- Raised by every move.
    add column if not exists revision     bigint not null default 0,
    -- Commands and replies of it that wait for an operator.
    add column if not exists parked_count int not null default 0,
    -- How it is to end, while it is being taken back.
    add column if not exists ends_as      varchar(50) null,
    add column if not exists deadline_at  timestamptz null,
    -- When a router has to look at it without a reply.
    add column if not exists due_at       timestamptz null,
    -- Names a batch and does not count there: beyond its total, or there is no such batch.
    add column if not exists uncounted    boolean not null default false;

-- Room for the updates of every move.
alter table commandbus.process set (fillfactor = 50);
alter table commandbus.process_audit set (fillfactor = 70);

create index if not exists ix_process_due on commandbus.process (domain, due_at) where due_at is not null;

alter table commandbus.process_audit
    add column if not exists command_domain text null,
    add column if not exists kind           text not null default 'STEP',
    -- The command of the step that an UNDO takes back.
    add column if not exists undoes         uuid null,
    -- Which sending it belongs to; the members of a parallel group share it.
    add column if not exists visit          int not null default 0,
    add column if not exists due_at         timestamptz null;

-- How many processes have been started in a process batch.
alter table commandbus.batch add column if not exists started_count int not null default 0;

-- Replies that changed nothing. Append-only.
create table if not exists commandbus.stray_reply (
    id          bigint generated always as identity primary key,
    domain      text not null,
    process_id  uuid null,
    command_id  uuid null,
    reply       jsonb not null,
    reason      text not null,
    recorded_at timestamptz not null default now()
);

create index if not exists ix_stray_reply_process on commandbus.stray_reply (process_id);

-- Replies that could not be taken in. Those without `retried_at` wait for an operator.
create table if not exists commandbus.parked_reply (
    parked_reply_id bigint generated always as identity primary key,
    domain          text not null,
    process_id      uuid null,
    command_id      uuid null,
    reply           jsonb not null,
    error_code      text not null,
    error_message   text not null,
    parked_at       timestamptz not null default now(),
    operator        text null,
    reason          text null,
    -- What the operator put in place of its result.
    result          jsonb null,
    retried_at      timestamptz null
);

create index if not exists ix_parked_reply_process on commandbus.parked_reply (process_id) where retried_at is null;

do $$
begin
    if not exists (select from pg_constraint where conname = 'ck_process_audit_kind'
                   and conrelid = 'commandbus.process_audit'::regclass) then
        alter table commandbus.process_audit add constraint ck_process_audit_kind check (kind in ('STEP', 'UNDO'));
    end if;
end
$$;

create or replace function commandbus.has_ended(p_process_status text) returns boolean as $$
    select p_process_status in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED')
$$ language sql immutable set search_path = pg_catalog, pg_temp;

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
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- When a router has to look at a process without a reply: at its deadline or the first timeout of what is in flight, and
-- while it is being taken back only when it asked for that.
create or replace function commandbus.next_look(
    p_domain text, p_process_id uuid, p_ends_as text, p_deadline_at timestamptz, p_look_again_ms bigint
) returns timestamptz as $$
    select least(
        clock_timestamp() + p_look_again_ms * interval '1 millisecond',
        case when p_ends_as is null then least(p_deadline_at, (
            select min(a.due_at) from commandbus.process_audit a
            where a.domain = p_domain and a.process_id = p_process_id and a.reply_outcome is null)) end)
$$ language sql volatile set search_path = pg_catalog, pg_temp;

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
    set due_at = commandbus.next_look(p.domain, p.process_id, null, p.deadline_at, null)
    where p.domain = p_domain and p.process_id = any(v_started)
      and (p.deadline_at is not null or exists (
          select from unnest(p_steps) as d(doc)
          where (d.doc->>'process_id')::uuid = p.process_id and d.doc->>'timeout_ms' is not null));

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
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Closes a process batch that was filled by the transaction that created it; its processes are under way.
create or replace function commandbus.close_process_batch(p_domain text, p_batch_id uuid, p_total int) returns void as $$
begin
    update commandbus.batch b set total_count = p_total, started_count = p_total
    where b.domain = p_domain and b.batch_id = p_batch_id;
    perform commandbus.start_batches(p_domain, array[p_batch_id]);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- What there is to route in a domain: up to p_limit replies (kind REPLY), hidden for p_lease_s seconds; processes that
-- are due (DUE); and in how many milliseconds the next one will be (NEXT). A process is not due while one of its commands
-- has ended and the reply is on the way: a reply that was in time is not too late because its router was.
create or replace function commandbus.receive_replies(p_domain text, p_limit int, p_lease_s int)
returns table (kind text, msg_id bigint, reads int, message jsonb, process_id uuid, wait_ms bigint) as $$
declare
    v_now constant timestamptz := clock_timestamp();
begin
    return query
    select 'REPLY', r.msg_id, r.read_ct::int, r.message, null::uuid, null::bigint
    from pgmq.read(p_domain || '__process_replies', p_lease_s, p_limit) r
    order by r.msg_id;

    return query
    select 'DUE', null::bigint, null::int, null::jsonb, d.process_id, null::bigint
    from (
        select p.process_id from commandbus.process p
        where p.domain = p_domain and p.due_at <= v_now
          and not exists (
              select from commandbus.process_audit a
              join commandbus.command c on c.domain = a.command_domain and c.command_id = a.command_id
              where a.domain = p.domain and a.process_id = p.process_id and a.reply_outcome is null
                and c.status in ('COMPLETED', 'FAILED', 'CANCELED')
                and not exists (
                    select from commandbus.parked_reply r
                    where r.process_id = a.process_id and r.command_id = a.command_id and r.retried_at is null))
        order by p.due_at limit p_limit
    ) as d;

    return query
    select 'NEXT', null::bigint, null::int, null::jsonb, null::uuid,
           ceil(extract(epoch from n.due_at - v_now) * 1000)::bigint
    from (select min(p.due_at) as due_at from commandbus.process p where p.domain = p_domain and p.due_at > v_now) as n
    where n.due_at is not null;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Processes with all that they have sent, in order.
create or replace function commandbus.load_processes(p_domain text, p_process_ids uuid[])
returns table (
    process_id uuid, process_type text, status text, state jsonb, error_code text, error_message text, ends_as text,
    revision bigint, is_overdue boolean, steps jsonb
) as $$
    select p.process_id, p.process_type, p.status, p.state, p.error_code, p.error_message, p.ends_as, p.revision,
           coalesce(p.deadline_at <= clock_timestamp(), false),
           coalesce((
               select jsonb_agg(jsonb_build_object(
                   'command_id', a.command_id, 'domain', coalesce(a.command_domain, p.domain), 'step_name', a.step_name,
                   'kind', a.kind, 'undoes', a.undoes, 'visit', a.visit, 'outcome', a.reply_outcome,
                   'is_overdue', coalesce(a.reply_outcome is null and a.due_at <= clock_timestamp(), false)) order by a.id)
               from commandbus.process_audit a
               where a.domain = p.domain and a.process_id = p.process_id), '[]')
    from commandbus.process p
    where p.domain = p_domain and p.process_id = any(p_process_ids)
$$ language sql stable set search_path = pg_catalog, pg_temp;

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
        perform 1 from commandbus.process p
        where p.domain = v_domain.name and p.process_id = any(v_domain.ids)
        order by p.process_id for no key update;

        with counted as (
            select p.process_id, p.parked_count as before, commandbus.count_parked_of(p.domain, p.process_id) as now
            from commandbus.process p
            where p.domain = v_domain.name and p.process_id = any(v_domain.ids) and not commandbus.has_ended(p.status)
        ), changed as (
            update commandbus.process p
            set parked_count = c.now, status = commandbus.waiting(p.status, c.now), updated_at = clock_timestamp()
            from counted c
            where p.domain = v_domain.name and p.process_id = c.process_id and c.now <> c.before
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

-- The state of a process that waits, by what of it is parked.
create or replace function commandbus.waiting(p_status text, p_parked_count int) returns text as $$
    select case when p_status not in ('WAITING_FOR_REPLY', 'WAITING_FOR_TSQ') then p_status
                when p_parked_count > 0 then 'WAITING_FOR_TSQ' else 'WAITING_FOR_REPLY' end
$$ language sql immutable set search_path = pg_catalog, pg_temp;

-- Moves processes of one domain, each named once, and returns those that were at the revision that was decided on; of the
-- others nothing changes.
--
-- p_moves: {process_id, revision, status, current_step, state, error_code, error_message, ends_as, look_again_ms};
-- p_answers: {process_id, msg_id, command_id, outcome, data}, the replies they have taken in; p_steps as send_steps.
create or replace function commandbus.advance_processes(p_domain text, p_moves jsonb[], p_answers jsonb[], p_steps jsonb[])
returns uuid[] as $$
declare
    v_queue         constant text := p_domain || '__process_replies';
    v_now           timestamptz;
    v_current       uuid[];
    v_ended         boolean;
    v_batches       uuid[];
    v_batch_counts  int[][];
begin
    execute format('select from pgmq.%I q where q.msg_id = any($1) order by q.msg_id for update', 'q_' || v_queue)
    using array(select (d.doc->>'msg_id')::bigint from unnest(p_answers) as d(doc));

    select array_agg(l.process_id) into v_current
    from (
        select p.process_id
        from commandbus.process p
        join (
            select (d.doc->>'process_id')::uuid as process_id, (d.doc->>'revision')::bigint as revision
            from unnest(p_moves) as d(doc)
        ) as m on m.process_id = p.process_id and m.revision = p.revision
        where p.domain = p_domain and p.process_id = any(array(
                  select (d.doc->>'process_id')::uuid from unnest(p_moves) as d(doc)))
          and not commandbus.has_ended(p.status)
        order by p.process_id for no key update of p
    ) as l;
    if v_current is null then
        return '{}';
    end if;
    -- Not before the locks were had: what a process does comes after what it did.
    v_now := clock_timestamp();

    update commandbus.process_audit a
    set reply_outcome = i.outcome, reply_data = i.data, received_at = v_now
    from (
        select i.* from unnest(p_answers) as d(doc),
             jsonb_to_record(d.doc) as i(process_id uuid, command_id uuid, outcome text, data jsonb)
        where i.process_id = any(v_current)
    ) as i
    where a.command_id = i.command_id and a.domain = p_domain and a.process_id = i.process_id
      and a.reply_outcome is null;

    perform commandbus.send_steps(p_domain, array(
        select d.doc from unnest(p_steps) with ordinality as d(doc, position)
        where (d.doc->>'process_id')::uuid = any(v_current) order by d.position), v_now);

    with moved as (
        update commandbus.process p
        set revision = p.revision + 1,
            parked_count = l.parked_count,
            status = commandbus.waiting(m.status, l.parked_count),
            current_step = m.current_step,
            state = coalesce(m.state, 'null'),
            error_code = m.error_code,
            error_message = m.error_message,
            ends_as = m.ends_as,
            due_at = case when not commandbus.has_ended(m.status) then
                commandbus.next_look(p.domain, p.process_id, m.ends_as, p.deadline_at, m.look_again_ms) end,
            updated_at = v_now,
            completed_at = case when commandbus.has_ended(m.status) then v_now end
        from unnest(p_moves) as d(doc),
             jsonb_to_record(d.doc) as m(process_id uuid, status text, current_step text, state jsonb, error_code text,
                                         error_message text, ends_as text, look_again_ms bigint),
             commandbus.process b,
             lateral (
                 select case when b.parked_count = 0 or commandbus.has_ended(m.status) then 0
                             else commandbus.count_parked_of(b.domain, b.process_id) end as parked_count
             ) as l
        where p.domain = p_domain and p.process_id = m.process_id and m.process_id = any(v_current)
          and b.domain = p.domain and b.process_id = p.process_id
        returning p.process_id, p.status, p.batch_id, p.uncounted,
                  (p.parked_count > 0)::int - (b.parked_count > 0)::int as blocked
    )
    select bool_or(commandbus.has_ended(m.status)),
           array_agg(m.batch_id) filter (where m.batch_id is not null and not m.uncounted
                                           and (commandbus.has_ended(m.status) or m.blocked <> 0)),
           array_agg(array[(m.status in ('COMPLETED', 'COMPENSATED'))::int, (m.status in ('FAILED', 'CANCELED'))::int,
                           m.blocked])
               filter (where m.batch_id is not null and not m.uncounted
                         and (commandbus.has_ended(m.status) or m.blocked <> 0))
    into v_ended, v_batches, v_batch_counts
    from moved m;

    perform pgmq.delete(v_queue, array(
        select (d.doc->>'msg_id')::bigint from unnest(p_answers) as d(doc)
        where (d.doc->>'process_id')::uuid = any(v_current)));

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
$$ language plpgsql set search_path = pg_catalog, pg_temp;

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
        set due_at = commandbus.next_look(p.domain, p.process_id, p.ends_as, p.deadline_at, null)
        where p.domain = p_domain and p.process_id = any(v_parked) and p.ends_as is null
          and not commandbus.has_ended(p.status);
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

insert into commandbus.schema_migrations (version, name) values (12, 'routing') on conflict do nothing;
