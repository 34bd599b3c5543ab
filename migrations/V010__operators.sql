-- What ends or revives a command from outside its handler: cancel before it runs, and an operator's verbs on what is
-- parked.

-- Cancels commands that are PENDING; returns the state of each that exists, and whether this call canceled it. Starts
-- from the commands, so it reads their messages unlocked, locks message then command, and looks again.
create or replace function commandbus.cancel_commands(p_domain text, p_command_ids uuid[], p_by text, p_reason text)
returns table (command_id uuid, status text, canceled boolean) as $$
declare
    v_queue         constant text := p_domain || '__commands';
    v_expected      bigint[];
    v_canceled      uuid[];
    v_msg_ids       bigint[];
    v_replies       jsonb[];
    v_asked         uuid[];
    v_asked_queues  text[];
    v_asked_replies jsonb[];
    v_batches       uuid[];
    v_zeros         int[];
begin
    select array_agg(c.msg_id) into v_expected
    from commandbus.command c
    where c.domain = p_domain and c.command_id = any(p_command_ids) and c.status = 'PENDING';

    if v_expected is not null then
        execute format('select from pgmq.%I q where q.msg_id = any($1) order by q.msg_id for update', 'q_' || v_queue)
        using v_expected;
        perform 1 from commandbus.command c
        where c.domain = p_domain and c.command_id = any(p_command_ids)
        order by c.command_id for no key update;

        with done as (
            update commandbus.command c
            set status = 'CANCELED', lease_expires_at = null, updated_at = clock_timestamp()
            where c.domain = p_domain and c.command_id = any(p_command_ids) and c.status = 'PENDING'
              and c.msg_id = any(v_expected)
            returning c.command_id, c.msg_id, c.batch_id, nullif(c.reply_queue, '') as reply_to,
                      commandbus.reply(c.command_id, c.correlation_id, 'CANCELED', p_reason => p_reason) as reply
        ), audited as (
            insert into commandbus.audit (domain, command_id, event_type, details_json)
            select p_domain, d.command_id, 'CANCELED', jsonb_build_object('by', p_by, 'reason', p_reason) from done d
        )
        select array_agg(d.command_id), array_agg(d.msg_id), array_agg(d.reply),
               array_agg(d.command_id) filter (where d.reply_to is not null),
               array_agg(d.reply_to) filter (where d.reply_to is not null),
               array_agg(d.reply) filter (where d.reply_to is not null),
               array_agg(d.batch_id) filter (where d.batch_id is not null)
        into v_canceled, v_msg_ids, v_replies, v_asked, v_asked_queues, v_asked_replies, v_batches
        from done d;
    end if;

    if v_canceled is not null then
        perform pgmq.archive(v_queue, v_msg_ids);
        perform commandbus.keep_replies(p_domain, v_canceled, v_replies);
    end if;
    if v_asked is not null then
        perform commandbus.deliver_replies(p_domain, v_asked_queues, v_asked, v_asked_replies);
    end if;
    if v_batches is not null then
        v_zeros := array_fill(0, array[cardinality(v_batches)]);
        perform commandbus.start_batches(p_domain, v_batches);
        perform commandbus.count_batches(p_domain, v_batches, v_zeros, v_zeros,
                                         array_fill(1, array[cardinality(v_batches)]), v_zeros);
    end if;
    if v_canceled is not null then
        perform commandbus.leave_groups(p_domain, v_canceled);
    end if;

    return query
    select c.command_id, c.status, c.command_id = any(coalesce(v_canceled, '{}'))
    from commandbus.command c
    where c.domain = p_domain and c.command_id = any(p_command_ids);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Cancels up to p_limit commands of a batch that are PENDING; returns how many. Called until it returns 0.
create or replace function commandbus.cancel_rest(
    p_domain text, p_batch_id uuid, p_by text, p_reason text, p_limit int default 1000
) returns int as $$
    select count(*)::int
    from commandbus.cancel_commands(
        p_domain,
        array(select c.command_id from commandbus.command c
              where c.domain = p_domain and c.batch_id = p_batch_id and c.status = 'PENDING' limit p_limit),
        p_by, p_reason) as c
    where c.canceled
$$ language sql set search_path = pg_catalog, pg_temp;

-- An operator's verbs on parked commands: RETRY (p_payloads replaces what they carried, and p_versions says which version
-- of their type that is; null for the one they came in), CANCEL, COMPLETE (p_results).
-- Returns the state of each command that exists, and whether this call did what was asked; with `gone` when the message
-- to retry is no longer in the archive. The arrays run side by side and name each command once.
create or replace function commandbus.resolve_parked(
    p_domain      text,
    p_command_ids uuid[],
    p_verbs       text[],
    p_operators   text[],
    p_reasons     text[],
    p_payloads    jsonb[],
    p_results     jsonb[],
    p_versions    int[] default null
) returns table (command_id uuid, status text, done boolean, gone boolean) as $$
declare
    v_queue    constant text := p_domain || '__commands';
    v_serial   regclass;
    v_parked   uuid[];
    v_retried  uuid[];
    v_old_ids  bigint[];
    v_new_ids  bigint[];
    v_messages jsonb[];
    v_headers  jsonb[];
    v_resolved uuid[];
    v_row      record;
begin
    select array_agg(c.command_id) into v_parked
    from (
        select c.command_id from commandbus.command c
        where c.domain = p_domain and c.command_id = any(p_command_ids) and c.status = 'IN_TROUBLESHOOTING_QUEUE'
        order by c.command_id for no key update
    ) as c;

    if v_parked is not null and 'RETRY' = any(p_verbs) then
        v_serial := pg_get_serial_sequence(format('pgmq.%I', 'q_' || v_queue), 'msg_id')::regclass;
        execute format(
            'select array_agg(c.command_id), array_agg(c.msg_id), array_agg(nextval($4)),
                    array_agg(case when i.payload is null then a.message
                                   else jsonb_set(coalesce(a.message, jsonb_strip_nulls(jsonb_build_object(
                                            ''domain'', c.domain, ''command_type'', c.command_type, ''command_id'', c.command_id,
                                            ''correlation_id'', c.correlation_id, ''reply_to'', nullif(c.reply_queue, '''')))),
                                        ''{data}'', i.payload) end),
                    array_agg(case when i.payload is null or i.version is null then a.headers
                                   else nullif(coalesce(a.headers, ''{}'') - ''x-commandbus-version'' ||
                                        case when i.version > 1 then jsonb_build_object(''x-commandbus-version'', i.version)
                                             else ''{}'' end, ''{}'') end)
             from unnest($1, $2, $3, $7) as i(command_id, verb, payload, version)
             join commandbus.command c on c.domain = $5 and c.command_id = i.command_id
             left join pgmq.%I a on a.msg_id = c.msg_id
             where i.verb = ''RETRY'' and c.command_id = any($6) and (a.msg_id is not null or i.payload is not null)',
            'a_' || v_queue)
        into v_retried, v_old_ids, v_new_ids, v_messages, v_headers
        using p_command_ids, p_verbs, p_payloads, v_serial, p_domain, v_parked, p_versions;

        insert into commandbus.payload_archive (domain, command_id, payload_json)
        select p_domain, r.command_id, r.message
        from (
            select i.command_id, commandbus.archived_payload(v_queue, o.msg_id) as message
            from unnest(p_command_ids, p_payloads) as i(command_id, payload)
            join unnest(v_retried, v_old_ids) as o(command_id, msg_id) on o.command_id = i.command_id
            where i.payload is not null
        ) as r
        where r.message is not null
        -- What was sent first is what counts, however often it is edited.
        on conflict on constraint payload_archive_pkey do nothing;

        execute format(
            'insert into pgmq.%I (msg_id, vt, message, headers) overriding system value
             select i.msg_id, clock_timestamp(), i.message, i.headers
             from unnest($1, $2, $3) as i(msg_id, message, headers) order by i.msg_id', 'q_' || v_queue)
        using v_new_ids, v_messages, v_headers;

        with retried as (
            update commandbus.command c
            set status = 'PENDING', attempts = 0, msg_id = r.new_msg_id, lease_expires_at = null,
                last_error_type = null, last_error_code = null, last_error_msg = null, updated_at = clock_timestamp()
            from unnest(v_retried, v_new_ids) as r(command_id, new_msg_id)
            where c.domain = p_domain and c.command_id = r.command_id
            returning c.command_id, c.msg_id
        )
        insert into commandbus.audit (domain, command_id, event_type, details_json)
        select p_domain, r.command_id, 'OPERATOR_RETRY', jsonb_build_object(
            'operator', i.operator, 'reason', i.reason, 'new_msg_id', r.msg_id, 'edited', i.payload is not null)
        from retried r
        join unnest(p_command_ids, p_operators, p_reasons, p_payloads) as i(command_id, operator, reason, payload)
             on i.command_id = r.command_id;

        perform pg_notify('pgmq_notify_' || v_queue, '');
    end if;

    with ended as (
        update commandbus.command c
        set status = case i.verb when 'CANCEL' then 'CANCELED' else 'COMPLETED' end,
            lease_expires_at = null, updated_at = clock_timestamp()
        from unnest(p_command_ids, p_verbs) as i(command_id, verb)
        where c.domain = p_domain and c.command_id = i.command_id and i.verb in ('CANCEL', 'COMPLETE')
          and c.command_id = any(v_parked)
        returning c.command_id, c.correlation_id, nullif(c.reply_queue, '') as reply_to
    ), told as (
        select e.command_id, e.reply_to, i.verb, i.operator, i.reason, i.result,
               case i.verb
                   when 'CANCEL' then commandbus.reply(e.command_id, e.correlation_id, 'CANCELED', p_reason => i.reason)
                   else commandbus.reply(e.command_id, e.correlation_id, 'SUCCESS', i.result) end as reply
        from ended e
        join unnest(p_command_ids, p_verbs, p_operators, p_reasons, p_results)
                 as i(command_id, verb, operator, reason, result) on i.command_id = e.command_id
    ), audited as (
        insert into commandbus.audit (domain, command_id, event_type, details_json)
        select p_domain, t.command_id, 'OPERATOR_' || t.verb,
               jsonb_build_object('operator', t.operator, 'reason', t.reason, 'reply_to', t.reply_to)
               || case t.verb when 'COMPLETE' then jsonb_build_object('has_result_data', t.result is not null) else '{}' end
        from told t
    )
    select array_agg(t.command_id) as ids, array_agg(t.reply) as replies,
           array_agg(t.command_id) filter (where t.reply_to is not null) as asked,
           array_agg(t.reply_to) filter (where t.reply_to is not null) as asked_queues,
           array_agg(t.reply) filter (where t.reply_to is not null) as asked_replies
    into v_row
    from told t;

    v_resolved := coalesce(v_retried, '{}') || coalesce(v_row.ids, '{}');
    perform commandbus.recount_parked(array_agg(c.reply_queue), array_agg(c.correlation_id))
    from commandbus.command c
    where c.domain = p_domain and c.command_id = any(v_resolved) and c.reply_queue <> ''
    having count(*) > 0;

    if v_row.ids is not null then
        perform commandbus.keep_replies(p_domain, v_row.ids, v_row.replies);
    end if;
    if v_row.asked is not null then
        perform commandbus.deliver_replies(p_domain, v_row.asked_queues, v_row.asked, v_row.asked_replies);
    end if;

    delete from commandbus.troubleshooting t where t.domain = p_domain and t.command_id = any(v_resolved);

    perform commandbus.count_batches(
        p_domain, array_agg(c.batch_id), array_agg((c.status = 'COMPLETED')::int), array_agg(0),
        array_agg((c.status = 'CANCELED')::int), array_agg(-1))
    from commandbus.command c
    where c.domain = p_domain and c.command_id = any(v_resolved) and c.batch_id is not null
    having count(*) > 0;
    if v_row.ids is not null then
        perform commandbus.leave_groups(p_domain, v_row.ids);
    end if;

    return query
    select c.command_id, c.status, c.command_id = any(v_resolved),
           c.command_id = any(coalesce(v_parked, '{}')) and not c.command_id = any(v_resolved)
    from commandbus.command c
    where c.domain = p_domain and c.command_id = any(p_command_ids);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- The payload that an archived message carried; null when the message is gone.
create or replace function commandbus.archived_payload(p_queue text, p_msg_id bigint) returns jsonb as $$
declare
    v_payload jsonb;
begin
    execute format('select a.message->''data'' from pgmq.%I a where a.msg_id = $1', 'a_' || p_queue)
    into v_payload using p_msg_id;
    return v_payload;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- The version that the headers of a message name: 1 where they name none, 0 where what they name is no version.
create or replace function commandbus.version_of(p_headers jsonb) returns int as $$
    select case when p_headers->>'x-commandbus-version' is null and not coalesce(p_headers ? 'x-commandbus-version', false)
                then 1
                when p_headers->>'x-commandbus-version' ~ '^[0-9]{1,9}$' then (p_headers->>'x-commandbus-version')::int
                else 0 end
$$ language sql immutable set search_path = pg_catalog, pg_temp;

-- The version that an archived message names; 1 when the message is gone.
create or replace function commandbus.archived_version(p_queue text, p_msg_id bigint) returns int as $$
declare
    v_headers jsonb;
begin
    execute format('select a.headers from pgmq.%I a where a.msg_id = $1', 'a_' || p_queue)
    into v_headers using p_msg_id;
    return commandbus.version_of(v_headers);
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- Commands that are not over, counted by what a program needs to handle them. Starts from the messages that wait and from
-- the list of what is parked, so what has ended costs nothing.
create or replace function commandbus.inventory_of_commands()
returns table (domain text, command_type text, version int, status text, total bigint) as $$
declare
    v_queue text;
begin
    for v_queue in select m.queue_name from pgmq.meta m where m.queue_name like '%\_\_commands' order by 1 loop
        return query execute format(
            'select c.domain, c.command_type, commandbus.version_of(m.headers), c.status, count(*)
             from (
                 select q.msg_id, q.headers,
                        case when q.id like ''________-____-____-____-____________''
                                  and translate(q.id, ''0123456789abcdefABCDEF'', '''') = ''----'' then q.id::uuid end as command_id
                 from (select q.msg_id, q.headers, q.message->>''command_id'' as id from pgmq.%I q) as q
             ) as m
             join commandbus.command c on c.domain = $1 and c.command_id = m.command_id and c.msg_id = m.msg_id
             where c.status in (''PENDING'', ''IN_PROGRESS'')
             group by 1, 2, 3, 4
             union all
             select c.domain, c.command_type, commandbus.version_of(a.headers), c.status, count(*)
             from commandbus.troubleshooting t
             join commandbus.command c on c.domain = t.domain and c.command_id = t.command_id
                 and c.status = ''IN_TROUBLESHOOTING_QUEUE''
             left join pgmq.%I a on a.msg_id = c.msg_id
             where t.domain = $1
             group by 1, 2, 3, 4', 'q_' || v_queue, 'a_' || v_queue)
        using left(v_queue, -length('__commands'));
    end loop;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- Processes that have not ended: all of a type (step_name null), and those that have sent a command for a step.
create or replace function commandbus.inventory_of_processes()
returns table (domain text, process_type text, step_name text, total bigint) as $$
    with live as (
        select p.domain, p.process_id, p.process_type from commandbus.process p
        where p.status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED')
    )
    select l.domain, l.process_type, null, count(*) from live l group by 1, 2
    union all
    select l.domain, l.process_type, a.step_name, count(distinct l.process_id)
    from live l join commandbus.process_audit a on a.domain = l.domain and a.process_id = l.process_id
    group by 1, 2, 3
$$ language sql stable set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (10, 'operators') on conflict do nothing;
