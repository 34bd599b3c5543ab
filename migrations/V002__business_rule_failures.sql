-- Commands that a business rule refused are counted apart from those that were canceled.

alter table commandbus.batch add column if not exists failed_count int not null default 0;

insert into commandbus.schema_migrations (version, name) values (2, 'business_rule_failures') on conflict do nothing;
