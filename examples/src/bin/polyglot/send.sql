-- What a program in any language sends: one call, with its values bound as $1 and $2.
--
-- The arrays run side by side, one place for each command. What nobody asks for may be null, but not the attempts: those of
-- the type are known to Rust alone. An id of the sender's own, in place of a random one, is sent once however often.
with new as (select gen_random_uuid() as id, gen_random_uuid() as correlation_id),
sent as (
    select id, commandbus.send_commands(
        p_domain          => 'images',
        p_command_ids     => array[id],
        p_command_types   => array['ScaleImage'],
        p_correlation_ids => array[correlation_id],
        p_messages        => array[jsonb_build_object(
            'domain', 'images',
            'command_type', 'ScaleImage',
            'command_id', id,
            'correlation_id', correlation_id,
            'reply_to', 'images__replies',
            'data', jsonb_build_object('path', $1::text, 'width', $2::int)
        )],
        p_headers         => null,
        p_reply_to        => array['images__replies'],
        p_max_attempts    => array[3],
        p_delays_ms       => null,
        p_not_before      => null
    ) as duplicates
    from new
)
select id from sent where duplicates = '{}'
