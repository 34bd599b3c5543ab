-- Sending: commands alone, in groups, and in batches.

-- What is done to the messages of a queue at every send, receive and settlement, as statements on its table. Parameters:
-- put: ids, messages, headers, times (null for now), and those of the ids that go in (null for all) · lock: ids ·
-- delete: ids · read: the id to begin above, a limit, and until when to hide what is read.
--
-- Names are qualified in place of a search_path, which costs as much as some of them.
create or replace function commandbus.queue_statement(p_queue text, p_what text) returns text as $$
    select format(case p_what
        when 'put' then
            'insert into pgmq.%1$I (msg_id, vt, message, headers) overriding system value
             select i.msg_id, coalesce(i.vt, pg_catalog.clock_timestamp()), i.message, i.headers
             from unnest($1, $2, $3, $4) as i(msg_id, message, headers, vt)
             where $5 is null or i.msg_id operator(pg_catalog.=) any($5)'
        when 'lock' then
            'select from pgmq.%1$I q where q.msg_id operator(pg_catalog.=) any($1) order by q.msg_id for update'
        when 'delete' then
            'delete from pgmq.%1$I q where q.msg_id operator(pg_catalog.=) any($1)'
        -- As pgmq.read does, but from $1 on: it would walk over all dead rows of what was handled before. Into arrays, not
        -- joined: with the size as a parameter the planner would expect to join a table of all commands.
        when 'read' then
            'with read as (
                 update pgmq.%1$I q set vt = $3, read_ct = q.read_ct operator(pg_catalog.+) 1
                 where q.ctid operator(pg_catalog.=) any(array(
                     select v.ctid from pgmq.%1$I v
                     where v.msg_id operator(pg_catalog.>) $1
                       and v.vt operator(pg_catalog.<=) pg_catalog.clock_timestamp()
                     order by v.msg_id limit $2 for update skip locked))
                 returning q.msg_id, q.message operator(pg_catalog.->) ''data'' as data,
                           q.message operator(pg_catalog.->>) ''command_id'' as id, q.headers
             )
             select pg_catalog.array_agg(r.msg_id), pg_catalog.array_agg(r.data), pg_catalog.array_agg(r.headers),
                    -- Only what is certain to be a UUID: a message that anybody put there must not fail the group.
                    pg_catalog.array_agg(case
                        when r.id operator(pg_catalog.~~) ''________-____-____-____-____________''
                             and pg_catalog.translate(r.id, ''0123456789abcdefABCDEF'', '''') operator(pg_catalog.=) ''----''
                        then r.id::pg_catalog.uuid end)
             from (select * from read order by msg_id) as r'
    end, 'q_' || p_queue)
$$ language sql immutable set search_path = pg_catalog, pg_temp;

-- Makes a function of each of these statements, named after the queue. A statement whose table is named at run time is
-- parsed, analyzed and planned at every run: for a single command that is the greater part of its cost. A role that may
-- make queues and no functions does without them.
create or replace function commandbus.make_queue_functions(p_queue text) returns void as $$
declare
    v_made record;
begin
    for v_made in
        select * from (values
            ('lock', 'bigint[]', 'void'),
            ('delete', 'bigint[]', 'void'),
            ('put', 'bigint[], jsonb[], jsonb[], timestamptz[], bigint[]', 'void'),
            ('read', 'bigint, int, timestamptz, out p_msg_ids bigint[], out p_data jsonb[], out p_headers jsonb[], '
                     'out p_command_ids uuid[]', 'record')
        ) as f(what, arguments, answer)
        -- Replies come and go by other ways.
        where p_queue like '%\_\_commands' or f.what in ('lock', 'delete')
    loop
        execute format(
            'create or replace function commandbus.%I(%s) returns %s as $body$ begin %s; end $body$ language plpgsql',
            p_queue || '__' || v_made.what, v_made.arguments, v_made.answer,
            case v_made.what
                when 'lock' then regexp_replace(commandbus.queue_statement(p_queue, 'lock'), '^select', 'perform')
                when 'read' then commandbus.queue_statement(p_queue, 'read')
                                 || ' into p_msg_ids, p_data, p_headers, p_command_ids'
                else commandbus.queue_statement(p_queue, v_made.what)
            end);
    end loop;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- What to execute for one of them: a call of its function, or where a queue was made by other means, the statement. Without
-- a search_path, so that it is inlined: it is asked for at every statement.
create or replace function commandbus.on_queue(p_queue text, p_what text) returns text as $$
    select case
        when pg_catalog.to_regproc(pg_catalog.format('commandbus.%I', pg_catalog.concat(p_queue, '__', p_what))) is null
            then commandbus.queue_statement(p_queue, p_what)
        else pg_catalog.format(
            case p_what when 'put' then 'select commandbus.%I($1, $2, $3, $4, $5)'
                        when 'read' then 'select * from commandbus.%I($1, $2, $3)'
                        else 'select commandbus.%I($1)' end, pg_catalog.concat(p_queue, '__', p_what))
    end
$$ language sql stable;

-- The rights that others have on a new queue: none, until there are roles (V019).
create or replace function commandbus.grant_on_queue(p_queue text) returns void as $$
$$ language sql set search_path = pg_catalog, pg_temp;

-- Makes a queue where it is missing. A role that may not create tables gets PostgreSQL's own refusal.
create or replace function commandbus.ensure_queue(p_queue text) returns void as $$
begin
    if p_queue !~ '^[a-z][a-z0-9_]{0,46}$' then
        raise exception 'commandbus: "%" cannot be the name of a queue', p_queue
            using errcode = 'invalid_parameter_value',
                  hint = 'A queue is a lower-case letter followed by at most 46 lower-case letters, digits and underscores.';
    end if;
    if exists (select from pgmq.meta m where m.queue_name = p_queue) then
        return;
    end if;
    perform pgmq.create(p_queue);
    -- Rows live for seconds: dead ones are worth clearing long before a fifth of the table is dead.
    execute format('alter table pgmq.%I set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)',
                   'q_' || p_queue);
    if p_queue ~ '__(commands|process_replies)$' and has_schema_privilege('commandbus', 'create') then
        perform commandbus.make_queue_functions(p_queue);
    end if;
    perform commandbus.grant_on_queue(p_queue);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Sends commands of one domain and returns the positions (from 1) of those whose id exists already; those are left
-- alone, the others are sent. Rows go in by id, so that concurrent senders of the same ids wait in one order; messages
-- keep the order of the call. Their ids are drawn first, so that row and message are each written once.
--
-- p_messages: envelopes. p_delays_ms, p_not_before: null for at once. Where an array would hold nothing but nulls, it may be
-- null itself (not those of ids, types and messages). p_lock_timeout_ms: for a transaction of its own; null leaves the
-- caller's setting alone.
--
-- Another hand writes the same rows, messages and audit rows: the library, with COPY, for large batches.
create or replace function commandbus.send_commands(
    p_domain          text,
    p_command_ids     uuid[],
    p_command_types   text[],
    p_correlation_ids uuid[],
    p_messages        jsonb[],
    p_headers         jsonb[],
    p_reply_to        text[],
    p_max_attempts    int[],
    p_delays_ms       bigint[],
    p_not_before      timestamptz[],
    p_batch_id        uuid default null,
    p_notify          boolean default true,
    p_lock_timeout_ms int default null
) returns int[] as $$
declare
    v_queue   constant text := p_domain || '__commands';
    v_table   constant text := format('pgmq.%I', 'q_' || v_queue);
    v_count   constant int := cardinality(p_command_ids);
    v_serial  regclass;
    v_msg_ids bigint[];
    v_sent    bigint[];
    -- When each may be received; null for now.
    v_times   timestamptz[];
    v_grouped boolean := false;
begin
    if p_lock_timeout_ms is not null then
        perform set_config('lock_timeout', p_lock_timeout_ms::text, true);
    end if;

    v_serial := pg_get_serial_sequence(v_table, 'msg_id')::regclass;
    if v_count = 1 then
        -- No query, for what is sent alone.
        v_msg_ids := array[nextval(v_serial)];
    else
        select array_agg(nextval(v_serial)) into v_msg_ids from generate_series(1, v_count);
    end if;

    with sent as (
        insert into commandbus.command
            (domain, queue_name, msg_id, command_id, command_type, status, max_attempts, reply_queue, correlation_id, batch_id)
        select p_domain, v_queue, i.msg_id, i.command_id, i.command_type, 'PENDING', i.max_attempts,
               coalesce(i.reply_to, ''), i.correlation_id, p_batch_id
        from unnest(v_msg_ids, p_command_ids, p_command_types, p_correlation_ids, p_reply_to, p_max_attempts)
                 as i(msg_id, command_id, command_type, correlation_id, reply_to, max_attempts)
        order by i.command_id, i.msg_id
        on conflict (domain, command_id) do nothing
        returning msg_id, command_id, command_type, correlation_id, reply_queue
    ), audited as (
        insert into commandbus.audit (domain, command_id, event_type, details_json)
        select p_domain, s.command_id, 'SENT', jsonb_build_object(
            'command_type', s.command_type, 'correlation_id', s.correlation_id, 'reply_to', nullif(s.reply_queue, ''),
            'msg_id', s.msg_id, 'batch_id', p_batch_id)
        from sent s
    )
    select array_agg(s.msg_id) into v_sent from sent s;

    if v_sent is null then
        return array(select generate_series(1, v_count));
    end if;

    if p_headers is not null and exists (
        select from unnest(p_headers) as h(header) where h.header ? 'x-pgmq-group'
    ) then
        perform commandbus.join_groups(p_domain, v_msg_ids, p_command_ids, p_headers, p_delays_ms, p_not_before, v_sent);
        v_grouped := true;
    end if;
    if v_grouped or p_delays_ms is not null or p_not_before is not null then
        select array_agg(case when i.headers->>'x-pgmq-group' is not null then commandbus.held_until()
                              else coalesce(i.not_before, clock_timestamp() + i.delay_ms * interval '1 millisecond',
                                            clock_timestamp()) end
                         order by i.position)
        into v_times
        from unnest(v_msg_ids, p_headers, p_delays_ms, p_not_before) with ordinality
                 as i(msg_id, headers, delay_ms, not_before, position);
    end if;

    execute commandbus.on_queue(v_queue, 'put')
    using v_msg_ids, p_messages, p_headers, v_times, case when cardinality(v_sent) < v_count then v_sent end;

    if p_notify then
        perform pg_notify('pgmq_notify_' || v_queue, '');
    end if;

    if cardinality(v_sent) = v_count then
        return '{}';
    end if;
    return array(
        select i.position::int from unnest(v_msg_ids) with ordinality as i(msg_id, position)
        where i.msg_id <> all(v_sent) order by i.position
    );
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan;

-- Opens a batch, which its members then name; false when the id is taken. It is closed in the same transaction, except
-- for a process batch that is created with its total, for later starts to name.
create or replace function commandbus.open_batch(
    p_domain      text,
    p_batch_id    uuid,
    p_name        text,
    p_custom_data jsonb,
    p_then        jsonb,
    p_batch_type  text default 'COMMAND',
    p_total       int default 0
) returns boolean as $$
begin
    insert into commandbus.batch (domain, batch_id, name, custom_data, then_command, batch_type, total_count)
    values (p_domain, p_batch_id, p_name, p_custom_data, p_then, p_batch_type, p_total)
    on conflict (domain, batch_id) do nothing;
    return found;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

create or replace function commandbus.close_batch(p_domain text, p_batch_id uuid, p_total int) returns void as $$
begin
    update commandbus.batch b set total_count = p_total where b.domain = p_domain and b.batch_id = p_batch_id;
    perform pg_notify('pgmq_notify_' || p_domain || '__commands', '');
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- For queues that were there before.
do $$
begin
    if to_regclass('pgmq.meta') is not null then
        perform commandbus.make_queue_functions(m.queue_name)
        from pgmq.meta m where m.queue_name ~ '__(commands|process_replies)$';
    end if;
end
$$;

insert into commandbus.schema_migrations (version, name) values (6, 'sending') on conflict do nothing;
