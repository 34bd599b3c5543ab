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
    delta_id           bigint generated always as identity primary key,
    domain             text not null,
    batch_id           uuid not null,
    completed          int not null default 0,
    failed             int not null default 0,
    canceled           int not null default 0,
    in_troubleshooting int not null default 0
);

create index if not exists ix_batch_delta_batch on commandbus.batch_delta (domain, batch_id);

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

insert into commandbus.schema_migrations (version, name) values (4, 'deliveries_and_side_tables') on conflict do nothing;
