-- Roles: what a worker, an operator and somebody who only looks need, and no more; and procedures for senders that may
-- write no table, and send to some domains alone.
--
-- Roles belong to the whole cluster, and who migrates may not be allowed to make any: so nothing is made or granted here.
-- `commandbus roles` does, by `make_roles`, or prints what it would do.

-- ---- rights ----------------------------------------------------------------------------------------------------------

-- What one of our roles is granted on a queue and its archive.
create or replace function commandbus.grants_on_queue(p_queue text, p_role text) returns setof text as $$
declare
    v_table   constant text := format('pgmq.%I', 'q_' || lower(p_queue));
    v_archive constant text := format('pgmq.%I', 'a_' || lower(p_queue));
begin
    return next format('grant select on %s, %s to %I', v_table, v_archive, p_role);
    if p_role in ('commandbus_worker', 'commandbus_operator') then
        return next format('grant insert, update, delete on %s to %I', v_table, p_role);
        return next format('grant insert on %s to %I', v_archive, p_role);
        return next format('grant usage on sequence %s to %I', pg_get_serial_sequence(v_table, 'msg_id'), p_role);
    end if;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- What one of our roles is granted in this database, as statements.
create or replace function commandbus.grants_to(p_role text) returns setof text as $$
declare
    v_row record;
begin
    return next format('grant usage on schema commandbus to %I', p_role);
    if p_role like 'commandbus\_send\_%' then
        return next format('grant select on commandbus.schema_migrations to %I', p_role);
        return query
        select format('grant execute on function %s to %I', p.oid::regprocedure, p_role)
        from pg_proc p
        where p.pronamespace = 'commandbus'::regnamespace and p.proname like 'sender\_%'
        order by p.proname;
        return;
    end if;

    return next format('grant usage on schema pgmq to %I', p_role);
    return next format('grant select on pgmq.meta to %I', p_role);
    return next format('grant select on all tables in schema commandbus to %I', p_role);
    for v_row in
        select r.verbs, string_agg('commandbus.' || t.name, ', ' order by t.name) as tables
        from (values
            ('commandbus_worker', 'insert, update', array['command', 'batch', 'process', 'process_audit', 'result',
                                                           'troubleshooting']),
            ('commandbus_worker', 'insert, update, delete', array['grouped_command', 'group_due', 'worker']),
            ('commandbus_worker', 'insert, delete', array['batch_delta']),
            -- What was recorded stays as it is.
            ('commandbus_worker', 'insert', array['audit', 'undelivered_reply', 'stray_reply', 'parked_reply']),
            -- Also to send the command of a batch that ends with what an operator resolves.
            ('commandbus_operator', 'insert, update', array['command', 'result', 'operation']),
            ('commandbus_operator', 'update', array['batch', 'process', 'parked_reply']),
            ('commandbus_operator', 'delete', array['batch_delta', 'troubleshooting']),
            ('commandbus_operator', 'insert, delete', array['paused', 'grouped_command']),
            ('commandbus_operator', 'insert', array['audit', 'undelivered_reply', 'payload_archive', 'group_due'])
        ) as r(role, verbs, tables), unnest(r.tables) as t(name)
        where r.role = p_role
        group by r.verbs order by r.verbs
    loop
        return next format('grant %s on %s to %I', v_row.verbs, v_row.tables, p_role);
    end loop;
    if p_role in ('commandbus_worker', 'commandbus_operator') then
        -- Those of identity columns need no grant.
        return next format('grant usage on sequence %s, %s to %I',
                           pg_get_serial_sequence('commandbus.audit', 'audit_id'),
                           pg_get_serial_sequence('commandbus.process_audit', 'id'), p_role);
    end if;
    -- The queues of domains; others in the schema of PGMQ may be somebody else's.
    return query
    select g.statement
    from pgmq.meta m, lateral commandbus.grants_on_queue(m.queue_name, p_role) as g(statement)
    where m.queue_name like '%\_\_commands' or m.queue_name like '%\_\_replies'
       or m.queue_name like '%\_\_process\_replies'
    order by m.queue_name;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- What makes the roles that are missing, one that sends for each of the domains, and grants all of them their rights.
create or replace function commandbus.role_statements(p_domains text[]) returns setof text as $$
declare
    v_domain text;
    v_role   text;
begin
    foreach v_domain in array p_domains loop
        if v_domain !~ '^[a-z][a-z0-9]*(_[a-z0-9]+)*$' or length(v_domain) > 30 then
            raise exception 'commandbus: "%" cannot be a domain', v_domain
                using errcode = 'invalid_parameter_value',
                      hint = 'A domain is at most 30 lower-case letters, digits and single underscores.';
        end if;
    end loop;
    foreach v_role in array array['commandbus_reader', 'commandbus_worker', 'commandbus_operator']
                            || array(select 'commandbus_send_' || d.name from unnest(p_domains) as d(name))
    loop
        if not exists (select from pg_roles r where r.rolname = v_role) then
            return next format('create role %I nologin', v_role);
        end if;
        return query select commandbus.grants_to(v_role);
    end loop;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- Does it; returns how many roles were missing. Can be called again, as when a queue or a domain has been added.
create or replace function commandbus.make_roles(p_domains text[]) returns int as $$
declare
    v_statement text;
    v_made      int := 0;
begin
    -- A grant by somebody else is a mere warning.
    if not (select pg_has_role(n.nspowner, 'usage') from pg_namespace n where n.nspname = 'commandbus') then
        raise exception 'commandbus: only the owner of the schema may grant what is in it'
            using errcode = 'insufficient_privilege', hint = 'Call it as the role that migrates.';
    end if;
    -- Grants on one table at once would fail. The lock of migrations.
    perform pg_advisory_xact_lock(7165065848723235938);
    for v_statement in select s.statement from commandbus.role_statements(p_domains) as s(statement) loop
        begin
            execute v_statement;
            v_made := v_made + (v_statement like 'create role %')::int;
        exception when duplicate_object or unique_violation then
            -- Another database of the cluster made it meanwhile.
            null;
        end;
    end loop;
    return v_made;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- The roles of ours that have rights in this database.
create or replace function commandbus.roles_here() returns setof text as $$
    select r.rolname::text from pg_roles r
    where (r.rolname in ('commandbus_reader', 'commandbus_worker', 'commandbus_operator')
           or r.rolname like 'commandbus\_send\_%')
      and exists (
          select from pg_namespace n, lateral aclexplode(n.nspacl) as a
          where n.nspname = 'commandbus' and a.grantee = r.oid and a.privilege_type = 'USAGE')
    order by 1
$$ language sql stable set search_path = pg_catalog, pg_temp;

-- Grants the roles that have rights here those on what a migration has added.
create or replace function commandbus.renew_grants() returns void as $$
declare
    v_statement text;
begin
    for v_statement in
        select g.statement from commandbus.roles_here() as r(name), lateral commandbus.grants_to(r.name) as g(statement)
    loop
        execute v_statement;
    end loop;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Grants the roles that have rights here theirs on a new queue.
create or replace function commandbus.grant_on_queue(p_queue text) returns void as $$
declare
    v_statement text;
begin
    for v_statement in
        select g.statement from commandbus.roles_here() as r(name), lateral commandbus.grants_on_queue(p_queue, r.name) as g(statement)
        where r.name not like 'commandbus\_send\_%'
    loop
        execute v_statement;
    end loop;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- ---- senders ---------------------------------------------------------------------------------------------------------
-- What follows runs with the rights of its owner, for callers who have none on the tables. Each asks first whether who
-- logged in is a member of `commandbus_send_{domain}`: here the current user is the owner, and `set role` does not count.

create or replace function commandbus.may_send(p_domain text) returns boolean as $$
    -- Whoever may write the tables needs nobody's leave.
    select has_table_privilege(session_user, 'commandbus.command', 'insert') or exists (
        select from pg_roles r
        where r.rolname = 'commandbus_send_' || p_domain and pg_has_role(session_user, r.oid, 'member'))
$$ language sql stable set search_path = pg_catalog, pg_temp;

create or replace function commandbus.check_sender(p_domain text) returns void as $$
begin
    if commandbus.may_send(p_domain) is not true then
        raise exception 'commandbus: role "%" may not send to domain "%"', session_user, p_domain
            using errcode = 'insufficient_privilege',
                  hint = format('It is not a member of commandbus_send_%s: grant commandbus_send_%s to %I', p_domain, p_domain,
                                session_user);
    end if;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- Replies are delivered with the rights of workers, to any queue: so senders name none but `{domain}__replies` of
-- domains that they may send to.
create or replace function commandbus.check_reply_queues(p_queues text[]) returns void as $$
declare
    v_queue text;
begin
    select q.name into v_queue
    from unnest(p_queues) as q(name)
    where q.name <> '' and (right(q.name, 9) <> '__replies' or commandbus.may_send(left(q.name, -9)) is not true)
    limit 1;
    if found then
        raise exception 'commandbus: role "%" may not have replies sent to queue "%"', session_user, v_queue
            using errcode = 'insufficient_privilege',
                  hint = 'A sender names the queue {domain}__replies of a domain that it may send to, or waits for the reply.';
    end if;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- The first of some queues that does not exist.
create or replace function commandbus.sender_missing_queue(p_domain text, p_queues text[]) returns text as $$
begin
    perform commandbus.check_sender(p_domain);
    perform commandbus.check_reply_queues(array(
        select q.name from unnest(p_queues) as q(name)
        where q.name not in (p_domain || '__commands', p_domain || '__process_replies')));
    return (select q.name from unnest(p_queues) with ordinality as q(name, position)
            where not exists (select from pgmq.meta m where m.queue_name = q.name)
            order by q.position limit 1);
end
$$ language plpgsql stable security definer set search_path = pg_catalog, pg_temp;

-- As send_commands. The messages are made anew, so that each says what its row says. A batch takes commands only until
-- it is closed.
create or replace function commandbus.sender_send_commands(
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
begin
    perform commandbus.check_sender(p_domain);
    perform commandbus.check_reply_queues(p_reply_to);
    if p_batch_id is not null then
        perform commandbus.check_open_batch(p_domain, p_batch_id);
    end if;
    return commandbus.send_commands(
        p_domain, p_command_ids, p_command_types, p_correlation_ids,
        array(
            select jsonb_build_object(
                       'domain', p_domain, 'command_type', i.command_type, 'command_id', i.command_id,
                       'correlation_id', i.correlation_id, 'data', i.message->'data')
                   || case when i.reply_to is null then '{}' else jsonb_build_object('reply_to', i.reply_to) end
            from unnest(p_command_ids, p_command_types, p_correlation_ids, p_messages, p_reply_to) with ordinality
                     as i(command_id, command_type, correlation_id, message, reply_to, position)
            order by i.position),
        p_headers, p_reply_to, p_max_attempts, p_delays_ms, p_not_before, p_batch_id, p_notify, p_lock_timeout_ms);
end
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan;

create or replace function commandbus.check_open_batch(p_domain text, p_batch_id uuid) returns void as $$
begin
    if not exists (
        select from commandbus.batch b
        where b.domain = p_domain and b.batch_id = p_batch_id and b.batch_type = 'COMMAND' and b.total_count = 0
    ) then
        raise exception 'commandbus: batch % of domain "%" is closed', p_batch_id, p_domain
            using errcode = 'object_not_in_prerequisite_state',
                  hint = 'A batch is opened, filled and closed in one transaction.';
    end if;
end
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;

-- As open_batch, for commands alone. What is to be sent when the batch ends is sent with the rights of a worker then, so
-- it is checked now.
create or replace function commandbus.sender_open_batch(
    p_domain      text,
    p_batch_id    uuid,
    p_name        text,
    p_custom_data jsonb,
    p_then        jsonb,
    p_batch_type  text default 'COMMAND',
    p_total       int default 0
) returns boolean as $$
begin
    perform commandbus.check_sender(p_domain);
    if p_batch_type is distinct from 'COMMAND' or p_total is distinct from 0 then
        raise exception 'commandbus: role "%" may only create batches of commands', session_user
            using errcode = 'insufficient_privilege', hint = 'Starting processes needs the rights of commandbus_worker.';
    end if;
    if p_then is not null then
        perform commandbus.check_sender(coalesce(p_then->>'domain', ''));
        perform commandbus.check_reply_queues(array[p_then->>'reply_to']);
        -- As it is read when the batch ends, which must not fail then.
        if (p_then->>'command_id')::uuid is null or (p_then->>'correlation_id')::uuid is null
           or p_then->>'command_type' is null or (p_then->>'max_attempts')::int is null
           or (p_then->>'delay_ms')::bigint < 0 or (p_then->>'not_before')::timestamptz is null and p_then ? 'not_before'
        then
            raise exception 'commandbus: the command that is to be sent when the batch ends is not complete'
                using errcode = 'invalid_parameter_value';
        end if;
    end if;
    return commandbus.open_batch(p_domain, p_batch_id, p_name, p_custom_data, p_then);
end
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

-- As close_batch, and the total is what was sent.
create or replace function commandbus.sender_close_batch(p_domain text, p_batch_id uuid, p_total int) returns void as $$
begin
    perform commandbus.check_sender(p_domain);
    perform commandbus.check_open_batch(p_domain, p_batch_id);
    if p_total is distinct from (
        select count(*) from commandbus.command c where c.domain = p_domain and c.batch_id = p_batch_id
    ) or p_total = 0 then
        raise exception 'commandbus: batch % does not have % commands', p_batch_id, p_total
            using errcode = 'invalid_parameter_value';
    end if;
    perform commandbus.close_batch(p_domain, p_batch_id, p_total);
end
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

-- The replies of commands that have ended.
create or replace function commandbus.sender_replies(p_domain text, p_command_ids uuid[]) returns setof jsonb as $$
begin
    perform commandbus.check_sender(p_domain);
    return query
    select coalesce(r.reply, commandbus.reply(
               c.command_id, c.correlation_id, case c.status when 'COMPLETED' then 'SUCCESS' else c.status end,
               p_error_code => c.last_error_code, p_error_msg => c.last_error_msg))
    from commandbus.command c
    left join commandbus.result r on r.domain = c.domain and r.command_id = c.command_id
    where c.domain = p_domain and c.command_id = any(p_command_ids) and c.status in ('COMPLETED', 'FAILED', 'CANCELED');
end
$$ language plpgsql stable security definer set search_path = pg_catalog, pg_temp;

-- Commands by their ids: what became of them, not what they carried.
create or replace function commandbus.sender_commands(p_domain text, p_command_ids uuid[])
returns table (
    domain text, command_id uuid, command_type text, status text, attempts int, max_attempts int, delivery bigint,
    msg_id bigint, correlation_id uuid, reply_to text, batch_id uuid, last_error_type text, last_error_code text,
    last_error_msg text, lease_expires_at timestamptz, created_at timestamptz, updated_at timestamptz, group_key text,
    held_behind uuid
) as $$
begin
    perform commandbus.check_sender(p_domain);
    return query
    select c.domain, c.command_id, c.command_type, c.status, c.attempts, c.max_attempts, c.delivery, c.msg_id,
           c.correlation_id, nullif(c.reply_queue, ''), c.batch_id, c.last_error_type, c.last_error_code,
           c.last_error_msg, c.lease_expires_at, c.created_at, c.updated_at, m.group_key,
           nullif(coalesce(
               (select h.command_id from commandbus.grouped_command h
                where h.domain = m.domain and h.group_key = m.group_key and h.released),
               (select h.command_id from commandbus.grouped_command h
                where h.domain = m.domain and h.group_key = m.group_key order by h.position limit 1)
           ), c.command_id)
    from commandbus.command c
    left join commandbus.grouped_command m on m.domain = c.domain and m.command_id = c.command_id
    where c.domain = p_domain and c.command_id = any(p_command_ids);
end
$$ language plpgsql stable security definer set search_path = pg_catalog, pg_temp;

-- Batches by their ids, with exact counts.
create or replace function commandbus.sender_batches(p_domain text, p_batch_ids uuid[])
returns setof commandbus.batch_status as $$
begin
    perform commandbus.check_sender(p_domain);
    return query select s.* from commandbus.batch_status s where s.domain = p_domain and s.batch_id = any(p_batch_ids);
end
$$ language plpgsql stable security definer set search_path = pg_catalog, pg_temp;

do $$
declare
    v_procedure regprocedure;
begin
    for v_procedure in
        select p.oid from pg_proc p
        where p.pronamespace = 'commandbus'::regnamespace and p.proname like 'sender\_%'
    loop
        execute format('revoke execute on function %s from public', v_procedure);
    end loop;
end
$$;

insert into commandbus.schema_migrations (version, name) values (19, 'roles') on conflict do nothing;
