-- The schema of commandbus: commands, batches, the audit trail, and the payloads that operators replaced.
--
-- Every file here can be run again, and runs on a database that already holds the schema of `reliable-cmd`, whose tables
-- these are: columns, tables and procedures are added, never renamed, retyped or dropped. Each file records itself, so
-- that the folder works the same under `bus.migrate()`, Flyway and psql.
-- PGMQ has to be there when the procedures are called, not when they are made.

create schema if not exists commandbus;

create table if not exists commandbus.schema_migrations (
    version         int primary key,
    name            text not null,
    applied_at      timestamptz not null default now(),
    -- The oldest version whose programs work on this one, too; null where only its own do.
    compatible_with int null
);

create table if not exists commandbus.batch (
    domain                   text not null,
    batch_id                 uuid not null,
    name                     text null,
    custom_data              jsonb null,
    status                   text not null default 'PENDING',
    total_count              int not null default 0,
    completed_count          int not null default 0,
    canceled_count           int not null default 0,
    in_troubleshooting_count int not null default 0,
    created_at               timestamptz not null default now(),
    started_at               timestamptz null,
    completed_at             timestamptz null,
    primary key (domain, batch_id)
);

-- Room for the counts, which change often.
alter table commandbus.batch set (fillfactor = 50);

create index if not exists ix_batch_created on commandbus.batch (domain, created_at desc);

-- No index may name status, updated_at, attempts, delivery, lease_expires_at or msg_id, as key or in a predicate: each
-- would make every receive and settle a non-HOT update. What is parked stands in a table of its own.
create table if not exists commandbus.command (
    domain           text not null,
    queue_name       text not null,
    msg_id           bigint null,
    command_id       uuid not null,
    command_type     text not null,
    status           text not null,
    attempts         int not null default 0,
    max_attempts     int not null,
    lease_expires_at timestamptz null,
    last_error_type  text null,
    last_error_code  text null,
    last_error_msg   text null,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    reply_queue      text not null default '',
    correlation_id   uuid null,
    batch_id         uuid null
);

-- Room in every page for the two updates of a command's ordinary life, also when a group updates all of it at once:
-- drained in groups of 100, 98 % of the updates are HOT, against 75 % at a fillfactor of 65.
alter table commandbus.command set (fillfactor = 50);

create unique index if not exists uq_command_domain_cmdid on commandbus.command (domain, command_id);
create index if not exists ix_command_batch on commandbus.command (domain, batch_id) where batch_id is not null;

-- Append-only. For batch events `command_id` holds the id of the batch.
create table if not exists commandbus.audit (
    audit_id     bigserial primary key,
    domain       text not null,
    command_id   uuid not null,
    event_type   text not null,
    ts           timestamptz not null default now(),
    details_json jsonb null
);

create index if not exists ix_audit_cmdid_ts on commandbus.audit (command_id, ts);

-- The payload as it was before an operator edited it.
create table if not exists commandbus.payload_archive (
    domain       text not null,
    command_id   uuid not null,
    payload_json jsonb not null,
    archived_at  timestamptz not null default now(),
    primary key (domain, command_id)
);

-- Indexes of the original that would defeat HOT, and that no query here needs.
drop index if exists commandbus.ix_command_status_type;
drop index if exists commandbus.ix_command_status_created;
drop index if exists commandbus.ix_command_updated;
drop index if exists commandbus.ix_batch_status;

-- The original has no such key, so a batch may be missing: it is made from its commands, that nothing is lost.
insert into commandbus.batch (domain, batch_id, name, status, total_count, created_at, started_at)
select c.domain, c.batch_id, 'adopted', 'IN_PROGRESS', count(*), min(c.created_at), min(c.created_at)
from commandbus.command c
where c.batch_id is not null
  and not exists (select from commandbus.batch b where b.domain = c.domain and b.batch_id = c.batch_id)
group by c.domain, c.batch_id;

do $$
begin
    if not exists (
        select from pg_constraint
        where conrelid = 'commandbus.command'::regclass and conname = 'fk_command_batch'
    ) then
        alter table commandbus.command
            add constraint fk_command_batch foreign key (domain, batch_id) references commandbus.batch (domain, batch_id);
    end if;
end
$$;

-- The procedures of the original, on the rules of ours. They carry no token of the delivery, so they promise
-- at-least-once; an illegal or repeated transition is an exception, so that a caller that has already deleted the
-- message rolls back. Bodies are resolved when they are called: what they use comes in later files.

-- PENDING, IN_PROGRESS -> IN_PROGRESS. No row when the command may not be received; one whose attempts are used up is
-- parked then.
create or replace function commandbus.sp_receive_command(
    p_domain       text,
    p_command_id   uuid,
    p_new_status   text default 'IN_PROGRESS',
    p_msg_id       bigint default null,
    p_max_attempts int default null
) returns table (
    domain text, command_id uuid, command_type text, status text, attempts int, max_attempts int, msg_id bigint,
    correlation_id uuid, reply_queue text, last_error_type text, last_error_code text, last_error_msg text,
    created_at timestamptz, updated_at timestamptz, batch_id uuid
) as $$
declare
    v_command commandbus.command;
begin
    if p_new_status is distinct from 'IN_PROGRESS' then
        raise exception 'commandbus: a received command becomes IN_PROGRESS, not %', p_new_status
            using errcode = 'invalid_parameter_value';
    end if;

    execute format('select from pgmq.%I q where q.msg_id = $1 for update', 'q_' || p_domain || '__commands')
    using p_msg_id;
    select * into v_command from commandbus.command c
    where c.domain = p_domain and c.command_id = p_command_id for no key update;
    if not found or v_command.status not in ('PENDING', 'IN_PROGRESS') or v_command.msg_id <> p_msg_id then
        return;
    end if;
    if v_command.attempts >= v_command.max_attempts then
        perform commandbus.park_unsettled(p_domain, array[p_command_id]);
        return;
    end if;

    update commandbus.command c
    set status = 'IN_PROGRESS', attempts = c.attempts + 1, delivery = c.delivery + 1, updated_at = clock_timestamp()
    where c.domain = p_domain and c.command_id = p_command_id
    returning * into v_command;

    insert into commandbus.audit (domain, command_id, event_type, details_json)
    values (p_domain, p_command_id, 'RECEIVED', jsonb_build_object(
        'msg_id', v_command.msg_id, 'attempt', v_command.attempts, 'max_attempts', v_command.max_attempts));

    if v_command.batch_id is not null then
        perform commandbus.start_batches(p_domain, array[v_command.batch_id]);
    end if;

    return query select
        v_command.domain, v_command.command_id, v_command.command_type, v_command.status, v_command.attempts,
        v_command.max_attempts, v_command.msg_id, v_command.correlation_id, v_command.reply_queue,
        v_command.last_error_type, v_command.last_error_code, v_command.last_error_msg, v_command.created_at,
        v_command.updated_at, v_command.batch_id;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- IN_PROGRESS -> COMPLETED, FAILED or IN_TROUBLESHOOTING_QUEUE; IN_TROUBLESHOOTING_QUEUE -> COMPLETED or CANCELED.
-- True when this call completed the batch. The batch is the command's own; p_batch_id is not needed.
create or replace function commandbus.sp_finish_command(
    p_domain     text,
    p_command_id uuid,
    p_status     text,
    p_event_type text,
    p_error_type text default null,
    p_error_code text default null,
    p_error_msg  text default null,
    p_details    jsonb default null,
    p_batch_id   uuid default null
) returns boolean as $$
declare
    v_command commandbus.command;
    v_parked  boolean;
    v_ended   boolean := false;
begin
    select * into v_command from commandbus.command c
    where c.domain = p_domain and c.command_id = p_command_id for no key update;
    if not found then
        raise exception 'commandbus: there is no command % in domain %', p_command_id, p_domain
            using errcode = 'no_data_found';
    end if;
    v_parked := v_command.status = 'IN_TROUBLESHOOTING_QUEUE';
    if not ((v_command.status = 'IN_PROGRESS' and p_status in ('COMPLETED', 'FAILED', 'IN_TROUBLESHOOTING_QUEUE'))
            or (v_parked and p_status in ('COMPLETED', 'CANCELED'))) then
        raise exception 'commandbus: command % is %, which cannot become %', p_command_id, v_command.status, p_status
            using errcode = 'CB001',
                  hint = 'It was settled before, or another worker has it: roll back, so that its message stays as it was.';
    end if;

    update commandbus.command c
    set status = p_status, lease_expires_at = null, updated_at = clock_timestamp(),
        last_error_type = coalesce(p_error_type, c.last_error_type),
        last_error_code = coalesce(p_error_code, c.last_error_code),
        last_error_msg = coalesce(p_error_msg, c.last_error_msg)
    where c.domain = p_domain and c.command_id = p_command_id
    returning * into v_command;

    insert into commandbus.audit (domain, command_id, event_type, details_json)
    values (p_domain, p_command_id, p_event_type, p_details);

    if v_parked or p_status = 'IN_TROUBLESHOOTING_QUEUE' then
        perform commandbus.recount_parked(array[v_command.reply_queue], array[v_command.correlation_id]);
    end if;
    if p_status = 'IN_TROUBLESHOOTING_QUEUE' then
        insert into commandbus.troubleshooting
            (domain, command_id, command_type, batch_id, reason, error_type, error_code, error_msg, error_details, fingerprint)
        values (p_domain, p_command_id, v_command.command_type, v_command.batch_id,
                coalesce(p_details->>'reason', p_error_type, 'PERMANENT'), p_error_type, p_error_code, p_error_msg,
                p_details->'error_details', commandbus.fingerprint(v_command.command_type, p_error_code, p_error_msg))
        on conflict (domain, command_id) do update
        set reason = excluded.reason, error_type = excluded.error_type, error_code = excluded.error_code,
            error_msg = excluded.error_msg, error_details = excluded.error_details, fingerprint = excluded.fingerprint,
            parked_at = excluded.parked_at;
    elsif v_parked then
        delete from commandbus.troubleshooting t where t.domain = p_domain and t.command_id = p_command_id;
    end if;

    if v_command.batch_id is not null then
        v_ended := v_command.batch_id = any(commandbus.count_batches(
            p_domain, array[v_command.batch_id], array[(p_status = 'COMPLETED')::int], array[(p_status = 'FAILED')::int],
            array[(p_status = 'CANCELED')::int],
            array[(p_status = 'IN_TROUBLESHOOTING_QUEUE')::int - v_parked::int]));
    end if;
    if p_status <> 'IN_TROUBLESHOOTING_QUEUE' then
        perform commandbus.leave_groups(p_domain, array[p_command_id]);
    end if;
    return v_ended;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- IN_PROGRESS -> PENDING after a transient error; false when the command is not in progress.
create or replace function commandbus.sp_fail_command(
    p_domain       text,
    p_command_id   uuid,
    p_error_type   text,
    p_error_code   text,
    p_error_msg    text,
    p_attempt      int,
    p_max_attempts int,
    p_msg_id       bigint
) returns boolean as $$
begin
    update commandbus.command c
    set status = 'PENDING', lease_expires_at = null, updated_at = clock_timestamp(),
        last_error_type = p_error_type, last_error_code = p_error_code, last_error_msg = p_error_msg
    where c.domain = p_domain and c.command_id = p_command_id and c.status = 'IN_PROGRESS'
      and c.msg_id is not distinct from coalesce(p_msg_id, c.msg_id);
    if not found then
        return false;
    end if;

    insert into commandbus.audit (domain, command_id, event_type, details_json)
    values (p_domain, p_command_id, 'FAILED', jsonb_build_object(
        'msg_id', p_msg_id, 'attempt', p_attempt, 'max_attempts', p_max_attempts,
        'error_type', p_error_type, 'error_code', p_error_code, 'error_msg', p_error_msg));
    return true;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- PENDING -> IN_PROGRESS; true when this call did it.
create or replace function commandbus.sp_start_batch(p_domain text, p_batch_id uuid) returns boolean as $$
declare
    v_status text;
begin
    select b.status into v_status from commandbus.batch b
    where b.domain = p_domain and b.batch_id = p_batch_id for no key update;
    if v_status is distinct from 'PENDING' then
        return false;
    end if;
    perform commandbus.start_batches(p_domain, array[p_batch_id]);
    return true;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Counts one event of a batch: complete, failed, tsq_move, tsq_complete, tsq_cancel or tsq_retry. True when this call
-- completed the batch.
create or replace function commandbus.sp_update_batch_counters(p_domain text, p_batch_id uuid, p_update_type text)
returns boolean as $$
declare
    v_ended boolean;
begin
    if p_update_type not in ('complete', 'failed', 'tsq_move', 'tsq_complete', 'tsq_cancel', 'tsq_retry') then
        raise exception 'commandbus: unknown update type "%"', p_update_type
            using errcode = 'invalid_parameter_value',
                  hint = 'One of complete, failed, tsq_move, tsq_complete, tsq_cancel, tsq_retry.';
    end if;
    if p_batch_id is null then
        return false;
    end if;
    v_ended := p_batch_id = any(commandbus.count_batches(
        p_domain, array[p_batch_id],
        array[(p_update_type in ('complete', 'tsq_complete'))::int], array[(p_update_type = 'failed')::int],
        array[(p_update_type = 'tsq_cancel')::int],
        array[case when p_update_type = 'tsq_move' then 1 when p_update_type like 'tsq%' then -1 else 0 end]));

    if exists (
        select from commandbus.batch b
        where b.domain = p_domain and b.batch_id = p_batch_id
          and (b.in_troubleshooting_count < 0 or b.total_count < b.completed_count + b.failed_count + b.canceled_count
                                                                 + b.in_troubleshooting_count)
    ) then
        raise exception 'commandbus: batch % has no member left that "%" could count', p_batch_id, p_update_type
            using errcode = 'CB001',
                  hint = 'It was counted before: roll back. sp_refresh_batch_stats counts the members anew.';
    end if;
    return v_ended;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

create or replace function commandbus.sp_tsq_complete(p_domain text, p_batch_id uuid) returns boolean as $$
    select commandbus.sp_update_batch_counters(p_domain, p_batch_id, 'tsq_complete')
$$ language sql set search_path = pg_catalog, pg_temp;

create or replace function commandbus.sp_tsq_cancel(p_domain text, p_batch_id uuid) returns boolean as $$
    select commandbus.sp_update_batch_counters(p_domain, p_batch_id, 'tsq_cancel')
$$ language sql set search_path = pg_catalog, pg_temp;

create or replace function commandbus.sp_tsq_retry(p_domain text, p_batch_id uuid) returns boolean as $$
    select commandbus.sp_update_batch_counters(p_domain, p_batch_id, 'tsq_retry')
$$ language sql set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (1, 'commandbus_schema') on conflict do nothing;
