-- Batches of processes.

alter table commandbus.batch add column if not exists batch_type text not null default 'COMMAND';

alter table commandbus.process add column if not exists batch_id uuid;

create index if not exists ix_process_batch_id on commandbus.process (batch_id) where batch_id is not null;
create index if not exists ix_process_batch_status on commandbus.process (batch_id, status) where batch_id is not null;

insert into commandbus.schema_migrations (version, name) values (5, 'batch_type_and_process_batch_id')
on conflict do nothing;
