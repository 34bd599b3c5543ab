-- Settling: how deliveries ended.

-- A reply as it travels. Absent fields are left out; nulls inside a result stay. Names are qualified in place of a
-- search_path, which would keep it from being inlined: it is made for each settlement of a group.
create or replace function commandbus.reply(
    p_command_id     uuid,
    p_correlation_id uuid,
    p_outcome        text,
    p_result         jsonb default null,
    p_error_code     text default null,
    p_error_msg      text default null,
    p_error_details  jsonb default null,
    p_reason         text default null
) returns jsonb as $$
    select case
        when p_outcome operator(pg_catalog.=) 'FAILED' then pg_catalog.jsonb_build_object(
                'command_id', p_command_id, 'correlation_id', p_correlation_id, 'outcome', p_outcome,
                'error_type', 'BUSINESS_RULE', 'error_code', p_error_code, 'error_message', p_error_msg)
            operator(pg_catalog.||) case when p_error_details is null then '{}'
                else pg_catalog.jsonb_build_object('error_details', p_error_details) end
        when p_reason is not null then pg_catalog.jsonb_build_object(
                'command_id', p_command_id, 'correlation_id', p_correlation_id, 'outcome', p_outcome, 'reason', p_reason)
        when p_result is not null then pg_catalog.jsonb_build_object(
                'command_id', p_command_id, 'correlation_id', p_correlation_id, 'outcome', p_outcome, 'result', p_result)
        else pg_catalog.jsonb_build_object(
                'command_id', p_command_id, 'correlation_id', p_correlation_id, 'outcome', p_outcome)
    end
$$ language sql stable;

-- Sends replies to the queues that were asked for; the arrays run side by side. A reply that finds no queue is set
-- aside, and the transition that it speaks of stands.
create or replace function commandbus.deliver_replies(
    p_domain      text,
    p_queues      text[],
    p_command_ids uuid[],
    p_replies     jsonb[]
) returns void as $$
declare
    v_group record;
begin
    for v_group in
        select i.queue, array_agg(i.command_id order by i.position) as command_ids,
               array_agg(i.reply order by i.position) as replies
        from unnest(p_queues, p_command_ids, p_replies) with ordinality as i(queue, command_id, reply, position)
        group by i.queue order by i.queue
    loop
        begin
            execute format('insert into pgmq.%I (vt, message) select clock_timestamp(), unnest($1)', 'q_' || lower(v_group.queue))
            using v_group.replies;
            perform pg_notify('pgmq_notify_' || v_group.queue, '');
        exception when undefined_table or raise_exception or insufficient_privilege or invalid_parameter_value then
            insert into commandbus.undelivered_reply (domain, command_id, reply_queue, reply, error)
            select p_domain, i.command_id, v_group.queue, i.reply, sqlerrm
            from unnest(v_group.command_ids, v_group.replies) as i(command_id, reply);
        end;
    end loop;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Keeps replies for senders that wait, and wakes these.
create or replace function commandbus.keep_replies(p_domain text, p_command_ids uuid[], p_replies jsonb[])
returns void as $$
begin
    insert into commandbus.result (domain, command_id, reply)
    select p_domain, i.command_id, i.reply
    from unnest(p_command_ids, p_replies) as i(command_id, reply)
    order by i.command_id
    on conflict (domain, command_id) do update set reply = excluded.reply, created_at = now();
    perform pg_notify('commandbus_reply', p_domain);
end
$$ language plpgsql set search_path = pg_catalog, pg_temp;

-- Answers commands that have ended: sends their replies where they were asked for, and keeps those that senders wait for.
-- The arrays run side by side, as in settle_commands; p_current: those that this is about, null for all.
create or replace function commandbus.answer_commands(
    p_domain        text,
    p_current       uuid[],
    p_command_ids   uuid[],
    p_verdicts      text[],
    p_results       jsonb[],
    p_keep          boolean[],
    p_error_codes   text[],
    p_error_msgs    text[],
    p_error_details jsonb[]
) returns void as $$
declare
    v_asked         uuid[];
    v_asked_queues  text[];
    v_asked_replies jsonb[];
    v_kept          uuid[];
    v_kept_replies  jsonb[];
begin
    select array_agg(r.command_id) filter (where r.reply_to <> ''),
           array_agg(r.reply_to) filter (where r.reply_to <> ''),
           array_agg(r.reply) filter (where r.reply_to <> ''),
           array_agg(r.command_id) filter (where r.keep),
           array_agg(r.reply) filter (where r.keep)
    into v_asked, v_asked_queues, v_asked_replies, v_kept, v_kept_replies
    from (
        select c.command_id, c.reply_queue as reply_to, i.keep,
               case i.verdict
                   when 'COMPLETE' then commandbus.reply(c.command_id, c.correlation_id, 'SUCCESS', i.result)
                   else commandbus.reply(c.command_id, c.correlation_id, 'FAILED', null, i.error_code, i.error_msg,
                                         i.error_details)
               end as reply
        from (
            -- With the domain, as in settle_commands: the rows are found by their key.
            select p_domain as domain, i.*
            from unnest(p_command_ids, p_verdicts, p_results, p_keep, p_error_codes, p_error_msgs, p_error_details)
                     as i(command_id, verdict, result, keep, error_code, error_msg, error_details)
            where i.verdict in ('COMPLETE', 'FAIL') and (p_current is null or i.command_id = any(p_current))
            order by i.command_id
        ) as i
        join commandbus.command c on c.domain = i.domain and c.command_id = i.command_id
        where c.reply_queue <> '' or i.keep
    ) as r;
    if v_asked is not null then
        perform commandbus.deliver_replies(p_domain, v_asked_queues, v_asked, v_asked_replies);
    end if;
    if v_kept is not null then
        perform commandbus.keep_replies(p_domain, v_kept, v_kept_replies);
    end if;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan;

-- Records how deliveries ended; p_stale are the commands whose delivery was no longer current: for these nothing
-- changes. p_unfolded says that counts of a batch are left to fold_batches, because somebody else is counting there.
-- The arrays run side by side and name each command once; one that would be null for all of them may be null itself.
--
-- p_verdicts: COMPLETE (p_results), FAIL, PARK (p_reasons), RETRY (p_pauses_ms), GIVE_BACK (p_pauses_ms); p_keep says
-- for COMPLETE and FAIL whether the reply is kept for a sender that waits.
-- The rows are locked by their update, in the order of the ids it is fed; as in receive_commands, whoever else changes
-- them has locked their messages before.
--
-- A batch is counted here when nobody else is counting in it; else its counts are left behind, so that no settlement waits
-- for the commit of another.
--
-- p_transactional: the caller's handler wrote in this transaction. It must be the one that was opened for the delivery,
-- and the batch is not locked before its end.
create or replace function commandbus.settle_commands(
    p_domain        text,
    p_command_ids   uuid[],
    p_msg_ids       bigint[],
    p_deliveries    bigint[],
    p_verdicts      text[],
    p_results       jsonb[],
    p_keep          boolean[],
    p_reasons       text[],
    p_error_types   text[],
    p_error_codes   text[],
    p_error_msgs    text[],
    p_error_details jsonb[],
    p_pauses_ms     bigint[],
    p_transactional boolean default false,
    out p_stale     uuid[],
    out p_unfolded  boolean
) as $$
declare
    v_queue     constant text := p_domain || '__commands';
    v_current   uuid[];
    v_all       boolean;
    v_answers   boolean;
    v_completed bigint[];
    v_archived  bigint[];
    v_delayed   bigint[];
    v_pauses_ms bigint[];
    v_parked    uuid[];
    v_batches   uuid[];
    v_counted   text[];
    v_successes int[];
    v_failures  int[];
    v_parkings  int[];
    v_locked    int;
begin
    if p_transactional
       and current_setting('commandbus.delivery', true) is distinct from p_command_ids[1] || ':' || p_deliveries[1] then
        raise exception 'commandbus: the transaction of the handler was ended before the command was settled'
            using errcode = 'CB002',
                  hint = 'A handler that takes a Tx must not commit or roll back by itself.';
    end if;

    execute commandbus.on_queue(v_queue, 'lock') using p_msg_ids;

    with settled as (
        update commandbus.command c
        set status = case i.verdict when 'COMPLETE' then 'COMPLETED' when 'FAIL' then 'FAILED'
                                    when 'PARK' then 'IN_TROUBLESHOOTING_QUEUE' else 'PENDING' end,
            attempts = c.attempts - case i.verdict when 'GIVE_BACK' then 1 else 0 end,
            lease_expires_at = null,
            last_error_type = case when i.verdict in ('FAIL', 'PARK', 'RETRY') then i.error_type else c.last_error_type end,
            last_error_code = case when i.verdict in ('FAIL', 'PARK', 'RETRY') then i.error_code else c.last_error_code end,
            last_error_msg = case when i.verdict in ('FAIL', 'PARK', 'RETRY') then i.error_msg else c.last_error_msg end,
            updated_at = clock_timestamp()
        from (
            select p_domain as domain, i.*
            from unnest(p_command_ids, p_msg_ids, p_deliveries, p_verdicts, p_results, p_keep, p_reasons,
                        p_error_types, p_error_codes, p_error_msgs, p_error_details, p_pauses_ms)
                     as i(command_id, msg_id, delivery, verdict, result, keep, reason,
                          error_type, error_code, error_msg, error_details, pause_ms)
            order by i.command_id
        ) as i
        where c.domain = i.domain and c.command_id = i.command_id and c.msg_id = i.msg_id
          and c.delivery = i.delivery and c.status = 'IN_PROGRESS'
        returning c.command_id, c.msg_id, c.attempts, c.max_attempts, c.batch_id, nullif(c.reply_queue, '') as reply_to,
                  i.verdict, i.result, i.keep, i.reason, i.error_type, i.error_code, i.error_msg, i.error_details, i.pause_ms
    ), audited as (
        insert into commandbus.audit (domain, command_id, event_type, details_json)
        select p_domain, s.command_id,
               case s.verdict when 'COMPLETE' then 'COMPLETED' when 'FAIL' then 'BUSINESS_RULE_FAILED'
                              when 'PARK' then 'MOVED_TO_TSQ' else 'FAILED' end,
               case s.verdict
                   when 'COMPLETE' then jsonb_build_object(
                       'msg_id', s.msg_id, 'reply_to', s.reply_to, 'has_result', s.result is not null)
                   when 'RETRY' then jsonb_build_object(
                       'msg_id', s.msg_id, 'attempt', s.attempts, 'max_attempts', s.max_attempts,
                       'error_type', s.error_type, 'error_code', s.error_code, 'error_msg', s.error_msg,
                       'retry_in_s', s.pause_ms / 1000.0)
                   else jsonb_build_object(
                       'msg_id', s.msg_id, 'attempt', s.attempts, 'max_attempts', s.max_attempts,
                       'reason', coalesce(s.reason, s.error_type), 'error_type', s.error_type,
                       'error_code', s.error_code, 'error_msg', s.error_msg, 'error_details', s.error_details)
               end
        from settled s where s.verdict <> 'GIVE_BACK'
    )
    -- Only what nearly every settlement has: each further aggregate is paid for by all of them.
    select array_agg(s.command_id), bool_or(s.reply_to is not null or s.keep),
           array_agg(s.batch_id) filter (where s.batch_id is not null and s.verdict in ('COMPLETE', 'FAIL', 'PARK')),
           array_agg(s.verdict) filter (where s.batch_id is not null and s.verdict in ('COMPLETE', 'FAIL', 'PARK'))
    into v_current, v_answers, v_batches, v_counted
    from settled s;
    v_all := cardinality(v_current) = cardinality(p_command_ids);

    if v_all and 'COMPLETE' = all(p_verdicts) then
        v_completed := p_msg_ids;
    else
        select array_agg(i.msg_id) filter (where i.verdict = 'COMPLETE'),
               array_agg(i.msg_id) filter (where i.verdict in ('FAIL', 'PARK')),
               array_agg(i.msg_id) filter (where i.verdict in ('RETRY', 'GIVE_BACK')),
               array_agg(i.pause_ms) filter (where i.verdict in ('RETRY', 'GIVE_BACK')),
               array_agg(i.command_id) filter (where i.verdict = 'PARK')
        into v_completed, v_archived, v_delayed, v_pauses_ms, v_parked
        from unnest(p_command_ids, p_msg_ids, p_verdicts, p_pauses_ms) as i(command_id, msg_id, verdict, pause_ms)
        where i.command_id = any(v_current);
    end if;
    if v_completed is not null then
        execute commandbus.on_queue(v_queue, 'delete') using v_completed;
    end if;
    if v_archived is not null then
        perform pgmq.archive(v_queue, v_archived);
    end if;
    if v_delayed is not null then
        execute format(
            'update pgmq.%I q set vt = clock_timestamp() + i.pause_ms * interval ''1 millisecond''
             from unnest($1, $2) as i(msg_id, pause_ms) where q.msg_id = i.msg_id', 'q_' || v_queue)
        using v_delayed, v_pauses_ms;
        if 0 = any(v_pauses_ms) then
            perform pg_notify('pgmq_notify_' || v_queue, '');
        end if;
    end if;
    if v_answers then
        perform commandbus.answer_commands(p_domain, case when not v_all then v_current end, p_command_ids, p_verdicts, p_results,
                                           p_keep, p_error_codes, p_error_msgs, p_error_details);
    end if;
    if v_parked is not null then
        insert into commandbus.troubleshooting
            (domain, command_id, command_type, batch_id, reason, error_type, error_code, error_msg, error_details, fingerprint,
             parked_at)
        select p_domain, c.command_id, c.command_type, c.batch_id, i.reason, i.error_type, i.error_code, i.error_msg,
               i.error_details, commandbus.fingerprint(c.command_type, i.error_code, i.error_msg), c.updated_at
        from unnest(p_command_ids, p_reasons, p_error_types, p_error_codes, p_error_msgs, p_error_details)
                 as i(command_id, reason, error_type, error_code, error_msg, error_details)
        join commandbus.command c on c.domain = p_domain and c.command_id = i.command_id
        where i.command_id = any(v_parked) order by i.command_id
        on conflict (domain, command_id) do update
        set reason = excluded.reason, error_type = excluded.error_type, error_code = excluded.error_code,
            error_msg = excluded.error_msg, error_details = excluded.error_details, fingerprint = excluded.fingerprint,
            parked_at = excluded.parked_at;
        perform commandbus.recount_parked(array_agg(c.reply_queue), array_agg(c.correlation_id))
        from commandbus.command c
        where c.domain = p_domain and c.command_id = any(v_parked) and c.reply_queue <> ''
        having count(*) > 0;
    end if;
    if v_batches is not null and p_transactional then
        -- There is one.
        insert into commandbus.batch_delta (domain, batch_id, completed, failed, in_troubleshooting)
        values (p_domain, v_batches[1], (v_counted[1] = 'COMPLETE')::int, (v_counted[1] = 'FAIL')::int,
                (v_counted[1] = 'PARK')::int);
        p_unfolded := true;
    elsif v_batches is not null then
        select array_agg(b.batch_id), array_agg(b.successes), array_agg(b.failures), array_agg(b.parkings)
        into v_batches, v_successes, v_failures, v_parkings
        from (
            select i.batch_id, count(*) filter (where i.verdict = 'COMPLETE')::int as successes,
                   count(*) filter (where i.verdict = 'FAIL')::int as failures,
                   count(*) filter (where i.verdict = 'PARK')::int as parkings
            from unnest(v_batches, v_counted) as i(batch_id, verdict)
            group by i.batch_id
        ) as b;
        perform 1 from commandbus.batch b
        where b.domain = p_domain and b.batch_id = any(v_batches)
        order by b.batch_id for no key update skip locked;
        get diagnostics v_locked = row_count;
        p_unfolded := v_locked < cardinality(v_batches);
        if p_unfolded then
            insert into commandbus.batch_delta (domain, batch_id, completed, failed, in_troubleshooting)
            select p_domain, i.* from unnest(v_batches, v_successes, v_failures, v_parkings) as i;
        else
            perform commandbus.count_batches(p_domain, v_batches, v_successes, v_failures,
                                             array_fill(0, array[cardinality(v_batches)]), v_parkings);
        end if;
    end if;
    -- Most domains have no groups.
    if exists (select from commandbus.grouped_command m where m.domain = p_domain) then
        perform commandbus.leave_groups(p_domain, array(
            select i.command_id from unnest(p_command_ids, p_verdicts) as i(command_id, verdict)
            where i.verdict in ('COMPLETE', 'FAIL') and i.command_id = any(v_current)));
    end if;
    p_unfolded := coalesce(p_unfolded, false);
    p_stale := case when v_all then '{}'
                    else array(select i.id from unnest(p_command_ids) as i(id)
                               where i.id <> all(coalesce(v_current, '{}'))) end;
end
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan;

insert into commandbus.schema_migrations (version, name) values (9, 'settling') on conflict do nothing;
