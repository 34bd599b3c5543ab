-- Groups: commands that carry the header `x-pgmq-group` run one at a time within their group, in the order they were sent.
--
-- The messages of those whose turn has not come are hidden until the year 9999, so that reading the queue knows nothing
-- of groups and commands without one pay nothing. PGMQ's own grouped read takes all messages without the header for one
-- group, so it is not used.
--
-- Turns are given in one place, by receiving. Whoever sends into a group, or ends a command of one, only leaves a row
-- that says so and becomes visible with what it did; so no sender waits for a group, and a transaction that stays open
-- after sending into one holds nobody up.
--
-- Lock order: who gives turns locks the groups, by advisory locks, and then what others lock first, too: the messages.
-- The row of a member is changed by who holds the message of its command.

-- Members of groups until they end. A parked one stays, and holds those behind it.
create table if not exists commandbus.grouped_command (
    domain     text not null,
    group_key  text not null,
    -- Its place: the id of the message that it was sent in, which is hidden until its turn comes.
    position   bigint not null,
    command_id uuid not null,
    -- A delay of its own, for when its turn comes.
    not_before timestamptz null,
    -- Its turn has come.
    released   boolean not null default false,
    primary key (domain, group_key, position)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create unique index if not exists uq_grouped_command on commandbus.grouped_command (domain, command_id);
-- One command of a group at a time.
create unique index if not exists uq_grouped_command_released on commandbus.grouped_command (domain, group_key)
    where released;

-- Groups that somebody has to look at: a transaction has added to them, or taken from them. Keyed by the transaction, so
-- that no one waits for another, and in its order.
create table if not exists commandbus.group_due (
    domain    text not null,
    tx        xid8 not null default pg_current_xact_id(),
    group_key text not null,
    primary key (domain, tx, group_key)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Until when the message of a command whose turn has not come is hidden. A pause hides until 'infinity'.
create or replace function commandbus.held_until() returns timestamptz as $$
    select timestamptz '9999-12-31 00:00:00+00'
$$ language sql immutable set search_path = pg_catalog, pg_temp;

-- Has those of a group of sends that carry the header join their groups, in the order of their messages. The arrays
-- run side by side; p_sent are the messages of commands that were no duplicates.
create or replace function commandbus.join_groups(
    p_domain text, p_msg_ids bigint[], p_command_ids uuid[], p_headers jsonb[], p_delays_ms bigint[],
    p_not_before timestamptz[], p_sent bigint[]
) returns void as $$
begin
    with joined as (
        insert into commandbus.grouped_command (domain, group_key, position, command_id, not_before)
        select p_domain, i.headers->>'x-pgmq-group', i.msg_id, i.command_id,
               coalesce(i.not_before, clock_timestamp() + i.delay_ms * interval '1 millisecond')
        from unnest(p_msg_ids, p_command_ids, p_headers, p_delays_ms, p_not_before)
                 as i(msg_id, command_id, headers, delay_ms, not_before)
        where i.headers->>'x-pgmq-group' is not null and i.msg_id = any(p_sent)
        returning group_key
    )
    insert into commandbus.group_due (domain, group_key)
    select distinct p_domain, j.group_key from joined j
    on conflict do nothing;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Takes commands that have ended out of their groups.
create or replace function commandbus.leave_groups(p_domain text, p_command_ids uuid[]) returns void as $$
declare
    v_members tid[];
begin
    -- Most domains have none.
    if not exists (select from commandbus.grouped_command m where m.domain = p_domain) then
        return;
    end if;
    -- One by one and by their places, here and below: a plan that was made while the tables were empty is as good when
    -- they are full.
    select array_agg(i.member) into v_members
    from (
        select (select m.ctid from commandbus.grouped_command m
                where m.domain = p_domain and m.command_id = i.command_id) as member
        from unnest(p_command_ids) as i(command_id)
    ) as i
    where i.member is not null;
    if v_members is null then
        return;
    end if;

    with gone as (
        delete from commandbus.grouped_command m where m.ctid = any(v_members) returning m.group_key
    )
    insert into commandbus.group_due (domain, group_key)
    select distinct p_domain, g.group_key from gone g
    on conflict do nothing;
    perform pg_notify('pgmq_notify_' || p_domain || '__commands', '');
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Gives the turn to the first member of each group that is due and in which nobody has it, and shows its message.
create or replace function commandbus.give_turns(p_domain text) returns void as $$
declare
    -- Each group takes an advisory lock, and the server has room for some thousands of these.
    v_limit     constant int := 256;
    v_due       int;
    v_keys      text[];
    v_members   tid[];
    v_positions bigint[];
    v_times     timestamptz[];
    v_there     bigint[];
begin
    with taken as (
        delete from commandbus.group_due d
        where d.ctid = any(array(
            select d.ctid from commandbus.group_due d
            where d.domain = p_domain order by d.tx, d.group_key limit v_limit for update skip locked))
        returning d.group_key
    )
    select count(*), array_agg(distinct t.group_key) into v_due, v_keys from taken t;
    if v_keys is null then
        return;
    end if;
    if v_due = v_limit then
        -- There may be more, for whoever receives next.
        perform pg_notify('pgmq_notify_' || p_domain || '__commands', '');
    end if;

    -- Another receive may have the same group, due to another transaction. What it did is seen by the next statement.
    perform pg_advisory_xact_lock(l.id)
    from (
        select distinct hashtextextended(p_domain || ' ' || k.group_key, 0) as id from unnest(v_keys) as k(group_key)
        order by id
    ) as l;

    v_keys := array(
        select k.group_key from unnest(v_keys) as k(group_key)
        where (select m.released from commandbus.grouped_command m
               where m.domain = p_domain and m.group_key = k.group_key and m.released) is null
        order by k.group_key);

    select array_agg(f.ctid), array_agg(f.position), array_agg(greatest(f.not_before, clock_timestamp()))
    into v_members, v_positions, v_times
    from unnest(v_keys) as k(group_key)
    cross join lateral (
        select m.ctid, m.position, m.not_before from commandbus.grouped_command m
        where m.domain = p_domain and m.group_key = k.group_key
        order by m.position limit 1
    ) as f;
    if v_members is null then
        return;
    end if;

    -- Those that are canceled at this moment are waited for; they are gone then, and their groups due again.
    execute format(
        'select array_agg(q.msg_id)
         from (select q.msg_id from pgmq.%I q where q.msg_id = any($1) order by q.msg_id for update) as q',
        'q_' || p_domain || '__commands')
    into v_there using v_positions;
    if v_there is null then
        return;
    end if;
    update commandbus.grouped_command m set released = true
    where m.ctid = any(array(
        select f.member from unnest(v_members, v_positions) as f(member, position) where f.position = any(v_there)));
    execute format(
        'update pgmq.%I q set vt = i.vt from unnest($1, $2) as i(msg_id, vt) where q.msg_id = i.msg_id',
        'q_' || p_domain || '__commands')
    using v_positions, v_times;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

insert into commandbus.schema_migrations (version, name) values (14, 'groups') on conflict do nothing;
