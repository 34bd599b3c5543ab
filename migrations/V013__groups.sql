-- Groups: commands that carry the header `x-pgmq-group` run one at a time within their group, in the order they were sent.
--
-- The messages of those whose turn has not come are hidden until the year 9999, so that receiving knows nothing of groups
-- and commands without one pay nothing. PGMQ's own grouped read takes all messages without the header for one group, so
-- it is not used.
--
-- Lock order: groups, by (domain, group_key), come after everything else; then their members, and the messages of held
-- commands, which nobody can receive.

-- The lock of a group; there is a row while it has members.
create table if not exists commandbus.command_group (
    domain    text not null,
    group_key text not null,
    primary key (domain, group_key)
);

-- Members of groups until they end. A parked one stays, and holds those behind it.
create table if not exists commandbus.grouped_command (
    domain     text not null,
    group_key  text not null,
    position   bigint generated always as identity,
    command_id uuid not null,
    -- Its turn has come.
    released   boolean not null default false,
    -- A delay of its own, for when its turn comes.
    not_before timestamptz null,
    primary key (domain, group_key, position)
);

create unique index if not exists uq_grouped_command on commandbus.grouped_command (domain, command_id);
create unique index if not exists uq_grouped_command_released on commandbus.grouped_command (domain, group_key)
    where released;

-- Until when the message of a command whose turn has not come is hidden. A pause hides until 'infinity'.
create or replace function commandbus.held_until() returns timestamptz as $$
    select timestamptz '9999-12-31 00:00:00+00'
$$ language sql immutable set search_path = pg_catalog, pg_temp;

-- Locks groups; an insert locks also one that somebody else is making or removing.
create or replace function commandbus.lock_groups(p_domain text, p_group_keys text[]) returns void as $$
    insert into commandbus.command_group (domain, group_key)
    select p_domain, k.group_key
    from (select distinct k.group_key from unnest(p_group_keys) as k(group_key)) as k
    order by k.group_key
    on conflict (domain, group_key) do update set group_key = excluded.group_key
$$ language sql set search_path = pg_catalog, pg_temp;

-- Gives the turn to the first member of each of these groups, which the caller has locked, where nobody has it; returns
-- these commands. Groups without members are removed.
create or replace function commandbus.give_turns(p_domain text, p_group_keys text[]) returns uuid[] as $$
declare
    v_released uuid[];
    v_empty    text[];
begin
    with first as (
        select k.group_key, m.position
        from (select distinct k.group_key from unnest(p_group_keys) as k(group_key)) as k
        left join lateral (
            select m.position from commandbus.grouped_command m
            where m.domain = p_domain and m.group_key = k.group_key
            order by m.position limit 1
        ) as m on true
        where not exists (
            select from commandbus.grouped_command r
            where r.domain = p_domain and r.group_key = k.group_key and r.released)
    ), released as (
        update commandbus.grouped_command m set released = true
        from first f
        where m.domain = p_domain and m.group_key = f.group_key and m.position = f.position
        returning m.command_id
    )
    select (select array_agg(r.command_id) from released r),
           (select array_agg(f.group_key) from first f where f.position is null)
    into v_released, v_empty;

    if v_empty is not null then
        delete from commandbus.command_group g where g.domain = p_domain and g.group_key = any(v_empty);
    end if;
    return coalesce(v_released, '{}');
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Shows the messages of commands whose turn has come.
create or replace function commandbus.show_released(p_domain text, p_command_ids uuid[]) returns void as $$
declare
    v_msg_ids bigint[];
    v_times   timestamptz[];
begin
    if p_command_ids = '{}' then
        return;
    end if;
    select array_agg(c.msg_id), array_agg(greatest(m.not_before, clock_timestamp())) into v_msg_ids, v_times
    from commandbus.grouped_command m
    join commandbus.command c on c.domain = m.domain and c.command_id = m.command_id
    where m.domain = p_domain and m.command_id = any(p_command_ids);

    execute format(
        'update pgmq.%I q set vt = i.vt from unnest($1, $2) as i(msg_id, vt)
         where q.msg_id = i.msg_id and q.vt = commandbus.held_until()', 'q_' || p_domain || '__commands')
    using v_msg_ids, v_times;
    perform pg_notify('pgmq_notify_' || p_domain || '__commands', '');
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Adds commands that are being sent to their groups, in the order of the arrays, and returns those whose turn has not
-- come. p_hold: it does not come before release_batch_groups.
create or replace function commandbus.join_groups(
    p_domain text, p_group_keys text[], p_command_ids uuid[], p_not_before timestamptz[], p_hold boolean
) returns uuid[] as $$
declare
    v_released uuid[] := '{}';
begin
    insert into commandbus.grouped_command (domain, group_key, command_id, not_before)
    select p_domain, i.group_key, i.command_id, i.not_before
    from unnest(p_group_keys, p_command_ids, p_not_before) with ordinality
             as i(group_key, command_id, not_before, position)
    order by i.position;

    if not p_hold then
        perform commandbus.lock_groups(p_domain, p_group_keys);
        v_released := commandbus.give_turns(p_domain, p_group_keys);
        -- A member that waited here without a turn for somebody: others may have left before we had the lock.
        perform commandbus.show_released(p_domain, array(
            select r.id from unnest(v_released) as r(id) where r.id <> all(p_command_ids)));
    end if;
    return array(select i.id from unnest(p_command_ids) as i(id) where i.id <> all(v_released));
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Has those of a group of sends that carry the header join their groups, and returns the messages to be held. The arrays
-- run side by side; p_sent are the messages of commands that were no duplicates.
create or replace function commandbus.hold_grouped(
    p_domain text, p_msg_ids bigint[], p_command_ids uuid[], p_headers jsonb[], p_delays_ms bigint[],
    p_not_before timestamptz[], p_sent bigint[], p_hold boolean
) returns bigint[] as $$
declare
    v_msg_ids bigint[];
    v_ids     uuid[];
    v_keys    text[];
    v_times   timestamptz[];
    v_held    uuid[];
begin
    select array_agg(i.msg_id order by i.msg_id), array_agg(i.command_id order by i.msg_id),
           array_agg(i.headers->>'x-pgmq-group' order by i.msg_id),
           array_agg(coalesce(i.not_before, clock_timestamp() + i.delay_ms * interval '1 millisecond') order by i.msg_id)
    into v_msg_ids, v_ids, v_keys, v_times
    from unnest(p_msg_ids, p_command_ids, p_headers, p_delays_ms, p_not_before)
             as i(msg_id, command_id, headers, delay_ms, not_before)
    where i.headers->>'x-pgmq-group' is not null and i.msg_id = any(p_sent);
    if v_ids is null then
        return '{}';
    end if;
    v_held := commandbus.join_groups(p_domain, v_keys, v_ids, v_times, p_hold);
    return array(
        select i.msg_id from unnest(v_msg_ids, v_ids) as i(msg_id, command_id) where i.command_id = any(v_held));
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Gives their turns to the members of a batch, once all of it is written: a batch locks its groups together, and in
-- their order.
create or replace function commandbus.release_batch_groups(p_domain text, p_batch_id uuid) returns void as $$
declare
    v_keys text[];
begin
    select array_agg(distinct m.group_key) into v_keys
    from commandbus.command c
    join commandbus.grouped_command m on m.domain = c.domain and m.command_id = c.command_id
    where c.domain = p_domain and c.batch_id = p_batch_id;
    if v_keys is not null then
        perform commandbus.lock_groups(p_domain, v_keys);
        perform commandbus.show_released(p_domain, commandbus.give_turns(p_domain, v_keys));
    end if;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Takes commands that have ended out of their groups, and gives the next ones their turns. The last thing that a
-- transaction does.
create or replace function commandbus.leave_groups(p_domain text, p_command_ids uuid[]) returns void as $$
declare
    v_keys text[];
begin
    -- Most domains have none.
    if not exists (select from commandbus.command_group g where g.domain = p_domain) then
        return;
    end if;
    select array_agg(m.group_key) into v_keys
    from commandbus.grouped_command m
    where m.domain = p_domain and m.command_id = any(p_command_ids);
    if v_keys is null then
        return;
    end if;
    perform commandbus.lock_groups(p_domain, v_keys);
    delete from commandbus.grouped_command m where m.domain = p_domain and m.command_id = any(p_command_ids);
    perform commandbus.show_released(p_domain, commandbus.give_turns(p_domain, v_keys));
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (13, 'groups') on conflict do nothing;
