-- The states that a row may be in, checked by the database; and what adopting a database of the original takes: rows
-- that could not be are mapped and reported, open batches recounted, the operators' list filled. On a new database
-- there is nothing to map.

do $$
declare
    v_rows bigint;
begin
    -- An operator has to look at what nobody can name.
    update commandbus.command c
    set status = 'IN_TROUBLESHOOTING_QUEUE', last_error_code = 'UNKNOWN_STATUS',
        last_error_msg = format('adopted with status "%s"', c.status)
    where c.status not in ('PENDING', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'CANCELED', 'IN_TROUBLESHOOTING_QUEUE');
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
        raise warning 'commandbus: % commands had an unknown status and are now in the troubleshooting queue', v_rows;
    end if;

    update commandbus.command c set max_attempts = greatest(c.max_attempts, c.attempts, 1), attempts = greatest(c.attempts, 0)
    where c.max_attempts < 1 or c.attempts < 0 or c.attempts > c.max_attempts;
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
        raise warning 'commandbus: % commands had impossible numbers of attempts, which were mended', v_rows;
    end if;

    update commandbus.process p set status = 'WAITING_FOR_REPLY' where p.status = 'WAITING';

    update commandbus.batch b
    set status = case when b.completed_at is null then 'IN_PROGRESS'
                      when b.failed_count + b.canceled_count > 0 then 'COMPLETED_WITH_FAILURES' else 'COMPLETED' end
    where b.status not in ('PENDING', 'IN_PROGRESS', 'COMPLETED', 'COMPLETED_WITH_FAILURES');
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
        raise warning 'commandbus: % batches had an unknown status, which was derived from their counts', v_rows;
    end if;
end
$$;

do $$
declare
    v_check record;
begin
    for v_check in
        select * from (values
            ('command', 'ck_command_status',
             -- One constant, for it is read again by every statement that changes commands; most often true first.
             $c$check (status = any ('{IN_PROGRESS,COMPLETED,PENDING,FAILED,IN_TROUBLESHOOTING_QUEUE,CANCELED}'::text[]))$c$),
            ('command', 'ck_command_attempts', $c$check (attempts >= 0 and max_attempts >= 1)$c$),
            ('batch', 'ck_batch_status',
             $c$check (status in ('PENDING', 'IN_PROGRESS', 'COMPLETED', 'COMPLETED_WITH_FAILURES'))$c$),
            ('batch', 'ck_batch_type', $c$check (batch_type in ('COMMAND', 'PROCESS'))$c$),
            ('process', 'ck_process_status',
             $c$check (status in ('PENDING', 'IN_PROGRESS', 'WAITING_FOR_REPLY', 'WAITING', 'WAITING_FOR_TSQ', 'COMPENSATING',
                                  'COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED'))$c$)
        ) as v(table_name, name, definition)
    loop
        if not exists (
            select from pg_constraint
            where conrelid = format('commandbus.%I', v_check.table_name)::regclass and conname = v_check.name
        ) then
            execute format('alter table commandbus.%I add constraint %I %s',
                           v_check.table_name, v_check.name, v_check.definition);
        end if;
    end loop;
end
$$;

insert into commandbus.troubleshooting
    (domain, command_id, command_type, batch_id, reason, error_type, error_code, error_msg, fingerprint, parked_at)
select c.domain, c.command_id, c.command_type, c.batch_id,
       case c.last_error_type when 'TRANSIENT' then 'EXHAUSTED' else 'PERMANENT' end,
       c.last_error_type, c.last_error_code, c.last_error_msg,
       commandbus.fingerprint(c.command_type, c.last_error_code, c.last_error_msg), c.updated_at
from commandbus.command c
where c.status = 'IN_TROUBLESHOOTING_QUEUE'
order by c.updated_at
on conflict (domain, command_id) do nothing;

-- Batches that had ended stay as they are.
do $$
begin
    perform commandbus.sp_refresh_batch_stats(b.domain, b.batch_id)
    from commandbus.batch b
    where b.status in ('PENDING', 'IN_PROGRESS') and b.batch_type = 'COMMAND'
      and not exists (select from commandbus.schema_migrations m where m.version = 11);
end
$$;

insert into commandbus.schema_migrations (version, name) values (11, 'states_checked') on conflict do nothing;
