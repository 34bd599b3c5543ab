-- Processes and their audit trail, as the original keeps them.

create table if not exists commandbus.process (
    domain        varchar(255) not null,
    process_id    uuid not null,
    process_type  varchar(255) not null,
    status        varchar(50) not null default 'PENDING',
    current_step  varchar(255) null,
    state         jsonb not null default '{}',
    error_code    varchar(255) null,
    error_message text null,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    completed_at  timestamptz null,
    primary key (domain, process_id)
);

create table if not exists commandbus.process_audit (
    id            bigserial primary key,
    domain        varchar(255) not null,
    process_id    uuid not null,
    step_name     varchar(255) not null,
    command_id    uuid not null,
    command_type  varchar(255) not null,
    command_data  jsonb null,
    sent_at       timestamptz not null,
    reply_outcome varchar(50) null,
    reply_data    jsonb null,
    received_at   timestamptz null
);

create index if not exists ix_process_audit_process on commandbus.process_audit (domain, process_id);
create index if not exists ix_process_audit_command on commandbus.process_audit (command_id);

insert into commandbus.schema_migrations (version, name) values (3, 'processes') on conflict do nothing;
