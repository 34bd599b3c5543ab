-- Receiving, and holding on to what was received.

-- What errors of one cause share: numbers and ids are left out of the message, so that one cause makes one group.
create or replace function commandbus.fingerprint(p_command_type text, p_error_code text, p_error_msg text)
returns text as $$
    select left(p_command_type || ':' || coalesce(p_error_code, '') || ':' ||
                regexp_replace(coalesce(p_error_msg, ''), '[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*', '#', 'g'), 200)
$$ language sql immutable set search_path = pg_catalog, pg_temp;

-- Parks commands on which workers died until their attempts were used up; their rows and messages are locked.
create or replace function commandbus.park_unsettled(p_domain text, p_command_ids uuid[]) returns void as $$
declare
    v_error_code constant text := 'UNSETTLED';
    v_error_msg  constant text := 'every attempt was received and never settled: the workers that had it died or lost their lease';
    v_msg_ids    bigint[];
    v_batch_ids  uuid[];
    v_queues     text[];
    v_processes  uuid[];
    v_zeros      int[];
begin
    with parked as (
        update commandbus.command c
        set status = 'IN_TROUBLESHOOTING_QUEUE', lease_expires_at = null, updated_at = clock_timestamp(),
            last_error_type = 'TRANSIENT', last_error_code = v_error_code, last_error_msg = v_error_msg
        where c.domain = p_domain and c.command_id = any(p_command_ids)
        returning c.*
    ), listed as (
        insert into commandbus.troubleshooting
            (domain, command_id, command_type, batch_id, reason, error_type, error_code, error_msg, fingerprint, parked_at)
        select p.domain, p.command_id, p.command_type, p.batch_id, 'UNSETTLED', 'TRANSIENT', v_error_code, v_error_msg,
               commandbus.fingerprint(p.command_type, v_error_code, v_error_msg), p.updated_at
        from parked p order by p.command_id
        on conflict (domain, command_id) do update
        set reason = excluded.reason, error_type = excluded.error_type, error_code = excluded.error_code,
            error_msg = excluded.error_msg, error_details = excluded.error_details, fingerprint = excluded.fingerprint,
            parked_at = excluded.parked_at
    ), audited as (
        insert into commandbus.audit (domain, command_id, event_type, details_json)
        select p.domain, p.command_id, 'MOVED_TO_TSQ', jsonb_build_object(
            'msg_id', p.msg_id, 'attempt', p.attempts, 'max_attempts', p.max_attempts, 'reason', 'UNSETTLED',
            'error_type', 'TRANSIENT', 'error_code', v_error_code, 'error_msg', v_error_msg, 'error_details', null)
        from parked p order by p.command_id
    )
    select array_agg(p.msg_id), array_agg(p.batch_id) filter (where p.batch_id is not null),
           array_agg(p.reply_queue), array_agg(p.correlation_id)
    into v_msg_ids, v_batch_ids, v_queues, v_processes
    from parked p;

    perform pgmq.archive(p_domain || '__commands', v_msg_ids);
    perform commandbus.recount_parked(v_queues, v_processes);
    if v_batch_ids is not null then
        v_zeros := array_fill(0, array[cardinality(v_batch_ids)]);
        perform commandbus.start_batches(p_domain, v_batch_ids);
        perform commandbus.count_batches(p_domain, v_batch_ids, v_zeros, v_zeros, v_zeros,
                                         array_fill(1, array[cardinality(v_batch_ids)]));
    end if;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Receives up to p_limit commands whose messages are visible and hides these for p_lease_s seconds. Beside the
-- deliveries it reports, in `kind`, what it parked (PARKED), gave back (HELD) or archived: ABSENT, NOT_AWAITED,
-- SUPERSEDED, MALFORMED.
--
-- The rows are locked by their update, in the order of the ids it is fed. Whoever else changes the row of a waiting
-- command has locked its message before, which we hold; a pass that only locks would double the cost. The settings
-- leave the planner one way to the rows: a plan that was made while the table was empty is as good when it is full; and
-- they keep it, where it would else plan each small group anew, at several times the cost of running it.
--
-- p_above: to look only at messages with greater ids; 0 looks at all of them.
create or replace function commandbus.receive_commands(
    p_domain text, p_limit int, p_lease_s int, p_above bigint default 0
) returns table (
    kind text, msg_id bigint, command_id uuid, command_type text, correlation_id uuid, data jsonb, headers jsonb,
    reply_to text, attempt int, max_attempts int, delivery bigint, batch_id uuid, sent_at timestamptz
) as $$
declare
    v_queue    constant text := p_domain || '__commands';
    v_until    constant timestamptz := clock_timestamp() + p_lease_s * interval '1 second';
    v_paused   boolean;
    v_msg_ids  bigint[];
    v_ids      uuid[];
    v_data     jsonb[];
    v_headers  jsonb[];
    v_received int;
begin
    select bool_or(p.batch_id is null) into v_paused from commandbus.paused p where p.domain = p_domain;
    if v_paused then
        return;
    end if;
    if (select d.tx from commandbus.group_due d where d.domain = p_domain order by d.tx limit 1) is not null then
        perform commandbus.give_turns(p_domain);
    end if;

    execute commandbus.on_queue(v_queue, 'read') into v_msg_ids, v_data, v_headers, v_ids using p_above, p_limit, v_until;
    if v_msg_ids is null then
        return;
    end if;

    return query
    with received as (
        update commandbus.command c
        set status = 'IN_PROGRESS', attempts = c.attempts + 1, delivery = c.delivery + 1, lease_expires_at = v_until,
            updated_at = clock_timestamp()
        from (
            -- With the domain: so there is no way to the rows but one by one, by their key.
            select p_domain as domain, i.command_id, i.msg_id, i.data, i.headers
            from unnest(v_ids, v_msg_ids, v_data, v_headers) as i(command_id, msg_id, data, headers)
            order by i.command_id
        ) as i
        where c.domain = i.domain and c.command_id = i.command_id and c.msg_id = i.msg_id
          and c.status in ('PENDING', 'IN_PROGRESS') and c.attempts < c.max_attempts
          and (v_paused is null or c.batch_id is null or not exists (
              select from commandbus.paused p where p.domain = p_domain and p.batch_id = c.batch_id))
        returning c.*, i.data, i.headers
    ), audited as (
        insert into commandbus.audit (domain, command_id, event_type, details_json)
        select r.domain, r.command_id, 'RECEIVED', jsonb_build_object(
            'msg_id', r.msg_id, 'attempt', r.attempts, 'max_attempts', r.max_attempts)
        from received r
    )
    select 'DELIVERY', r.msg_id, r.command_id, r.command_type, r.correlation_id, r.data, r.headers,
           nullif(r.reply_queue, ''), r.attempts, r.max_attempts, r.delivery, r.batch_id, r.created_at
    from received r;
    get diagnostics v_received = row_count;

    if v_received < cardinality(v_msg_ids) then
        return query select * from commandbus.put_aside(p_domain, v_msg_ids, v_ids, v_until);
    end if;
    if exists (select from commandbus.batch b where b.domain = p_domain and b.started_at is null) then
        perform commandbus.start_batches(p_domain, array_agg(distinct c.batch_id))
        from commandbus.command c
        where c.domain = p_domain and c.command_id = any(v_ids) and c.batch_id is not null
          and c.lease_expires_at = v_until
        having count(*) > 0;
    end if;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan;

-- What becomes of messages that were read and not received just now, that is, with a lease until p_until: their
-- commands are parked or held, or there is none that waits for them and they are archived. In the shape of
-- receive_commands, with the reason as kind.
create or replace function commandbus.put_aside(
    p_domain text, p_msg_ids bigint[], p_command_ids uuid[], p_until timestamptz
) returns table (
    kind text, msg_id bigint, command_id uuid, command_type text, correlation_id uuid, data jsonb, headers jsonb,
    reply_to text, attempt int, max_attempts int, delivery bigint, batch_id uuid, sent_at timestamptz
) as $$
declare
    v_queue   constant text := p_domain || '__commands';
    v_kinds   text[];
    v_msg_ids bigint[];
    v_ids     uuid[];
    v_spent   uuid[];
begin
    perform 1 from commandbus.command c
    where c.domain = p_domain and c.command_id = any(p_command_ids)
    order by c.command_id for no key update;

    select array_agg(o.kind), array_agg(o.msg_id), array_agg(o.command_id),
           array_agg(o.command_id) filter (where o.kind = 'PARKED')
    into v_kinds, v_msg_ids, v_ids, v_spent
    from (
        select i.msg_id, i.command_id,
               case
                   when i.command_id is null then 'MALFORMED'
                   when c.command_id is null then 'ABSENT'
                   when c.status not in ('PENDING', 'IN_PROGRESS') then 'NOT_AWAITED'
                   when c.msg_id is distinct from i.msg_id then 'SUPERSEDED'
                   when exists (select from commandbus.paused p where p.domain = p_domain and p.batch_id = c.batch_id)
                       then 'HELD'
                   else 'PARKED'
               end as kind
        from unnest(p_msg_ids, p_command_ids) as i(msg_id, command_id)
        left join commandbus.command c on c.domain = p_domain and c.command_id = i.command_id
        where c.command_id is null or c.msg_id is distinct from i.msg_id or c.lease_expires_at is distinct from p_until
        order by i.msg_id
    ) as o;

    perform pgmq.archive(v_queue, array(
        select o.msg_id from unnest(v_kinds, v_msg_ids) as o(kind, msg_id) where o.kind not in ('HELD', 'PARKED')));
    execute format('update pgmq.%I q set vt = ''infinity'' where q.msg_id = any($1)', 'q_' || v_queue)
    using array(select o.msg_id from unnest(v_kinds, v_msg_ids) as o(kind, msg_id) where o.kind = 'HELD');
    if v_spent is not null then
        perform commandbus.park_unsettled(p_domain, v_spent);
    end if;

    return query
    select o.kind, o.msg_id, o.command_id, null::text, null::uuid, null::jsonb, null::jsonb, null::text, null::int,
           null::int, null::bigint, null::uuid, null::timestamptz
    from unnest(v_kinds, v_msg_ids, v_ids) as o(kind, msg_id, command_id);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Hides the messages of deliveries for p_lease_ms from now on; returns the positions (from 1) of those that are still
-- current. The arrays run side by side; a command may stand in them with more than one delivery.
create or replace function commandbus.renew_leases(
    p_domain      text,
    p_command_ids uuid[],
    p_msg_ids     bigint[],
    p_deliveries  bigint[],
    p_lease_ms    bigint
) returns int[] as $$
declare
    v_queue   constant text := p_domain || '__commands';
    v_until   constant timestamptz := clock_timestamp() + p_lease_ms * interval '1 millisecond';
    v_current int[];
    v_msg_ids bigint[];
begin
    execute commandbus.on_queue(v_queue, 'lock') using p_msg_ids;

    with current as (
        update commandbus.command c set lease_expires_at = v_until
        from (
            select p_domain as domain, i.*
            from unnest(p_command_ids, p_msg_ids, p_deliveries) with ordinality
                     as i(command_id, msg_id, delivery, position)
            order by i.command_id
        ) as i
        where c.domain = i.domain and c.command_id = i.command_id and c.msg_id = i.msg_id
          and c.delivery = i.delivery and c.status = 'IN_PROGRESS'
        returning i.position::int, c.msg_id
    )
    select array_agg(c.position), array_agg(c.msg_id) into v_current, v_msg_ids from current c;

    if v_current is not null then
        execute format('update pgmq.%I q set vt = $1 where q.msg_id = any($2)', 'q_' || v_queue) using v_until, v_msg_ids;
    end if;
    return coalesce(v_current, '{}');
end
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan;

insert into commandbus.schema_migrations (version, name) values (8, 'receiving') on conflict do nothing;
