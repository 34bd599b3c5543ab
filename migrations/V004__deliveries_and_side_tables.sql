-- What the engine adds to the original: the token of a delivery, and tables for what must not be an index of `command`.

alter table commandbus.command add column if not exists delivery bigint not null default 0;

-- What is parked: the operators' list. A row stands here while its command is IN_TROUBLESHOOTING_QUEUE; operators in
-- other languages update only the command, so readers look at both, and parking again writes over what they left.
create table if not exists commandbus.troubleshooting (
    parked_id     bigint generated always as identity primary key,
    domain        text not null,
    command_id    uuid not null,
    command_type  text not null,
    batch_id      uuid null,
    reason        text not null,
    error_type    text null,
    error_code    text null,
    error_msg     text null,
    error_details jsonb null,
    fingerprint   text not null,
    parked_at     timestamptz not null default now(),
    unique (domain, command_id)
);

create index if not exists ix_troubleshooting_fingerprint on commandbus.troubleshooting (domain, fingerprint);

-- Replies kept for senders that wait, until they are pruned.
create table if not exists commandbus.result (
    domain     text not null,
    command_id uuid not null,
    reply      jsonb not null,
    created_at timestamptz not null default now(),
    primary key (domain, command_id)
);

create index if not exists ix_result_created on commandbus.result (created_at);

-- Counts that transactional settlements left behind, so that they need not lock the batch; folded into it in groups.
create table if not exists commandbus.batch_delta (
    delta_id           bigint generated always as identity,
    domain             text not null,
    batch_id           uuid not null,
    completed          int not null default 0,
    failed             int not null default 0,
    canceled           int not null default 0,
    in_troubleshooting int not null default 0,
    primary key (domain, batch_id, delta_id)
);

-- What receiving asks about at each call. Starting a batch is the one update that touches it.
create index if not exists ix_batch_unstarted on commandbus.batch (domain) where started_at is null;

-- The command to send when the batch ends.
alter table commandbus.batch add column if not exists then_command jsonb null;

-- Replies that found no queue. The settlement stands; an operator decides about the reply.
create table if not exists commandbus.undelivered_reply (
    id          bigint generated always as identity primary key,
    domain      text not null,
    command_id  uuid not null,
    reply_queue text not null,
    reply       jsonb not null,
    error       text not null,
    created_at  timestamptz not null default now()
);

-- Paused batches; `batch_id` null pauses the whole domain.
create table if not exists commandbus.paused (
    domain    text not null,
    batch_id  uuid null,
    paused_at timestamptz not null default now()
);

create unique index if not exists uq_paused
    on commandbus.paused (domain, coalesce(batch_id, '00000000-0000-0000-0000-000000000000'));

-- Processes: what routers need.
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
alter table commandbus.process_audit set (fillfactor = 50);

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

insert into commandbus.schema_migrations (version, name) values (4, 'deliveries_and_side_tables') on conflict do nothing;
