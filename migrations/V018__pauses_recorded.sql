-- Who paused and resumed what, operations that are over, and commands by what they belong to.

-- Commands that belong together are asked for when something went wrong, among all there ever were. Its key never changes,
-- so what happens to a command touches it no more. What was sent without one has its own id, and the primary key finds it:
-- most commands are not in it.
create index if not exists ix_command_correlation on commandbus.command (domain, correlation_id)
    where correlation_id <> command_id;

-- Pauses or resumes a batch, or a domain (p_batch_id null), and records who did and why, if that changed anything. What
-- happens to a domain is no command's and no batch's: each such entry has a subject of its own.
create or replace function commandbus.set_paused(
    p_domain text, p_batch_id uuid, p_paused boolean, p_operator text, p_reason text
) returns void as $$
declare
    v_before boolean;
begin
    v_before := exists (
        select from commandbus.paused p where p.domain = p_domain and p.batch_id is not distinct from p_batch_id);
    perform commandbus.set_paused(p_domain, p_batch_id, p_paused);
    insert into commandbus.audit (domain, command_id, event_type, details_json)
    select p_domain, coalesce(p_batch_id, gen_random_uuid()),
           case when p_paused then 'OPERATOR_PAUSE' else 'OPERATOR_RESUME' end,
           jsonb_build_object('operator', p_operator, 'reason', p_reason)
           || case when p_batch_id is null then jsonb_build_object('whole_domain', true) else '{}' end
    where v_before <> exists (
        select from commandbus.paused p where p.domain = p_domain and p.batch_id is not distinct from p_batch_id);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Operations that are over, found from the oldest on; see V015 for what the arguments are.
create or replace function commandbus.prune_operations(
    p_before timestamptz, p_after text, p_limit int, p_dry_run boolean
) returns table (next text, removed jsonb) as $$
declare
    v_seen int;
    v_last text;
    v_over uuid[];
begin
    select count(*), (array_agg(concat_ws('|', o.created_at, o.operation_id)))[count(*)],
           coalesce(array_agg(o.operation_id) filter (where o.completed_at < p_before), '{}')
    into v_seen, v_last, v_over
    from (
        select o.operation_id, o.created_at, o.completed_at from commandbus.operation o
        -- None has ended before it began.
        where o.created_at < p_before
          and (p_after is null
               or (o.created_at, o.operation_id) > (split_part(p_after, '|', 1)::timestamptz,
                                                    split_part(p_after, '|', 2)::uuid))
        order by o.created_at, o.operation_id limit p_limit for update skip locked
    ) as o;
    if not p_dry_run then
        delete from commandbus.operation o where o.operation_id = any(v_over);
    end if;
    next := case when v_seen = p_limit then v_last end;
    removed := jsonb_build_object('operations', cardinality(v_over));
    return next;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp set jit = off;

insert into commandbus.schema_migrations (version, name) values (18, 'pauses_recorded') on conflict do nothing;
