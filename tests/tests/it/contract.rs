//! One suite of cases that every store passes: what the contract says, tried from outside.
//!
//! A case is a function of a [`World`](world::World) in [`cases`]; `on_every_store!` names each of them once. One that
//! is not named is dead code, and the compiler says so.

mod cases;
pub(crate) mod harness;
pub(crate) mod verdicts;
pub(crate) mod world;

/// The tests of one store: a module per subject, a test per case, each on a store of its own.
macro_rules! suite {
    ($store:ident: $($subject:ident { $($case:ident,)+ })+) => {
        mod $store {
            $(mod $subject {
                $(#[tokio::test]
                async fn $case() {
                    let world = crate::contract::world::World::new(crate::contract::harness::$store::start().await).await;
                    crate::contract::cases::$subject::$case(&world).await;
                    world.check().await;
                })+
            })+
        }
    };
}

macro_rules! on_every_store {
    ($($cases:tt)+) => {
        suite!(memory: $($cases)+);
        suite!(postgres: $($cases)+);
    };
}

on_every_store! {
    sending {
        a_sent_command_is_pending,
        its_message_is_the_envelope,
        a_message_without_reply_to_does_not_name_it,
        payload_headers_and_correlation_arrive_as_sent,
        a_duplicate_hinders_no_other_of_its_group,
        the_second_of_two_equal_ids_in_a_group_is_the_duplicate,
        an_id_is_unique_within_its_domain_only,
        sending_all_sends_all,
        sending_all_with_duplicates_sends_nothing_and_names_them,
        an_empty_group_is_no_error,
        a_delayed_command_waits_for_its_time,
        a_start_in_the_past_is_now,
        what_was_never_sent_is_not_found,
    }
    receiving {
        a_receive_counts_the_attempt_and_raises_the_delivery,
        a_leased_message_is_received_by_nobody_else,
        no_more_is_received_than_asked_for,
        nothing_is_received_of_another_domain,
        a_command_whose_worker_died_is_received_again,
        a_renewed_lease_holds_from_then_on,
        a_command_that_workers_died_on_is_parked_unread,
        a_retry_that_waits_is_not_taken_for_a_dead_worker,
        a_retry_past_the_last_attempt_is_parked_when_it_is_due,
        two_receivers_never_get_the_same_command,
    }
    strays {
        a_message_of_no_command_is_put_aside,
        a_message_of_a_completed_command_is_put_aside,
        a_message_of_a_failed_command_is_put_aside,
        a_message_of_a_parked_command_is_put_aside,
        a_second_message_of_a_command_that_runs_is_put_aside,
        a_copy_of_a_message_sent_again_by_an_operator_is_put_aside,
        a_copy_that_comes_with_what_is_parked_is_judged_as_it_was_found,
        what_is_no_envelope_is_put_aside,
    }
    settling {
        completing_ends_the_command_and_deletes_its_message,
        completing_keeps_what_went_wrong_before,
        a_transient_error_waits_for_the_backoff,
        a_permanent_error_parks_and_archives,
        a_parked_command_shows_all_that_is_known_of_it,
        each_reason_to_park_is_kept,
        a_business_rule_ends_the_command_unparked,
        giving_back_counts_no_attempt,
        giving_back_may_take_a_pause,
        a_command_given_back_for_ever_is_never_parked,
        a_settlement_after_the_lease_counts_while_nobody_else_received_it,
    }
    fence {
        a_token_is_used_up_by_completing,
        a_token_is_used_up_by_a_retry,
        a_token_is_used_up_by_parking,
        a_token_is_used_up_by_failing,
        a_token_is_used_up_by_giving_back,
        a_token_given_back_stays_dead_when_another_worker_has_the_command,
        a_worker_that_comes_late_changes_nothing,
        a_worker_that_comes_late_sends_no_reply,
        a_token_of_the_attempt_before_the_backoff_is_dead,
        a_token_of_the_life_before_an_operator_retried_is_dead,
        a_token_settles_once_even_within_one_group,
        a_token_fits_in_all_its_parts_or_not_at_all,
    }
    groups {
        every_verdict_of_a_mixed_group_is_recorded,
        the_answers_are_in_the_order_of_the_group,
        a_result_that_cannot_be_written_parks_its_command_only,
        details_that_cannot_be_written_park_their_command_only,
        a_stale_member_that_cannot_be_written_is_stale,
    }
    groups_of_commands {
        a_group_runs_one_at_a_time_in_the_order_it_was_sent,
        one_send_may_fill_a_group,
        commands_without_a_group_run_beside_it,
        groups_do_not_wait_for_each_other,
        any_type_of_key_is_a_group,
        many_groups_all_get_their_turns,
        a_command_tells_its_group_and_what_it_waits_for,
        commands_of_different_types_share_a_group,
        the_same_key_in_two_domains_is_two_groups,
        a_duplicate_does_not_join_a_group,
        a_backoff_holds_the_group,
        a_command_given_back_holds_its_group,
        a_command_whose_worker_died_holds_its_group,
        a_command_that_workers_died_on_holds_its_group,
        a_refused_command_gives_the_turn_on,
        a_parked_command_holds_its_group_and_tells_how_many,
        an_operators_retry_returns_it_to_its_place,
        what_an_operator_ends_gives_the_turn_on,
        a_held_command_is_canceled_in_its_place,
        a_canceled_first_one_gives_the_turn_on,
        canceling_the_rest_of_a_batch_frees_its_groups,
        a_delayed_command_holds_those_behind_it,
        a_delay_runs_while_a_command_is_held,
        a_batch_runs_its_groups_in_order,
        a_batch_queues_behind_what_was_sent_before,
        two_batches_may_share_groups,
        a_batch_in_chunks_keeps_its_groups_in_order,
        a_paused_batch_holds_its_groups,
        a_pause_between_two_of_a_group_holds_the_second,
        a_paused_domain_gives_no_turns,
        a_group_that_ended_begins_anew,
        a_step_of_a_process_takes_its_place_in_a_group,
        what_follows_a_batch_may_be_grouped,
    }
    batch_creation {
        a_batch_is_created_with_all_its_commands,
        name_and_custom_data_are_kept,
        commands_may_come_in_chunks,
        an_empty_batch_is_refused,
        an_id_that_comes_twice_refuses_the_batch,
        an_id_that_comes_twice_in_different_chunks_refuses_the_batch,
        an_id_that_exists_refuses_the_batch,
        a_batch_id_that_exists_is_refused_by_name,
        a_batch_dropped_before_its_end_leaves_nothing,
        unknown_batches_are_left_out,
    }
    batch_life {
        the_first_receive_starts_it,
        it_counts_each_end_and_completes_with_the_last,
        one_group_may_end_it,
        one_group_may_end_several,
        a_batch_of_one_is_a_batch,
        a_refused_command_is_a_failure_of_the_batch,
        a_canceled_command_is_a_failure_of_the_batch,
        canceling_everything_starts_and_ends_it,
        it_stays_open_while_something_is_parked,
        it_ends_when_an_operator_completes_the_last,
        it_ends_when_an_operator_cancels_the_last,
        it_ends_when_what_an_operator_retried_completes,
        it_ends_only_with_the_last_of_several_parked,
        a_command_that_workers_died_on_counts_as_parked,
        retries_and_give_backs_do_not_count,
        what_comes_late_does_not_count,
        its_end_tells_status_and_counts,
        many_at_once_end_it_once,
    }
    then_commands {
        it_is_sent_once_when_the_batch_ends,
        it_is_sent_also_when_some_failed,
        it_waits_for_what_is_parked,
        it_is_sent_when_the_rest_is_canceled,
        it_may_belong_to_another_domain,
        its_delay_begins_when_the_batch_ends,
        a_taken_id_refuses_the_batch,
        an_id_taken_meanwhile_does_not_keep_the_batch_from_ending,
    }
    canceling {
        a_command_that_waits_is_canceled,
        a_command_that_waits_for_its_backoff_is_canceled,
        a_command_given_back_is_canceled,
        a_command_that_does_not_wait_is_left_alone,
        a_command_is_canceled_once,
        canceling_the_rest_leaves_what_began,
        canceling_the_rest_of_an_unknown_batch_cancels_nothing,
    }
    pausing {
        a_paused_batch_is_held_uncounted,
        a_pause_says_who_and_why,
        a_resumed_batch_runs_at_once,
        a_paused_batch_hinders_no_other,
        what_runs_when_its_batch_is_paused_finishes,
        a_paused_batch_is_canceled_like_any_other,
        nothing_is_parked_during_a_pause,
        nothing_of_a_paused_domain_is_received,
        what_runs_when_its_domain_is_paused_finishes,
        each_pause_ends_by_itself,
        pausing_twice_is_pausing_once,
        pausing_what_ended_or_never_was_changes_nothing,
    }
    replies {
        a_kept_result_is_found_again,
        a_result_that_is_not_kept_is_only_a_success,
        a_kept_refusal_tells_everything,
        a_refusal_that_is_not_kept_tells_what_the_row_tells,
        what_has_not_ended_has_no_reply,
        replies_of_several_are_found_together,
        nobody_asked_so_nothing_is_sent,
        a_success_is_sent_to_who_asked,
        a_success_without_result_is_sent_without_one,
        a_refusal_is_sent_to_who_asked,
        a_cancel_is_told_to_who_asked,
        parking_sends_no_reply_and_its_operator_does,
        what_operators_end_is_always_kept,
        a_reply_that_cannot_be_delivered_undoes_nothing,
    }
    operators {
        a_retry_starts_a_new_life,
        a_retry_may_carry_an_edited_payload,
        what_was_first_sent_stays_known_however_often_it_is_edited,
        an_edited_payload_may_be_of_another_version,
        a_parked_command_tells_the_version_of_its_payload,
        a_retried_command_may_be_parked_again,
        a_canceled_command_is_canceled,
        a_completed_command_is_completed,
        what_is_not_parked_is_left_alone,
        of_two_operators_one_wins,
        a_group_answers_in_order_and_acts_once_on_each,
    }
    auditing {
        a_life_with_every_turn,
        a_batch_and_a_reply_queue_are_named_when_sent,
        a_refusal_tells_its_details,
        exhaustion_tells_the_last_error,
        dead_workers_leave_their_receives_and_the_end,
        giving_back_leaves_no_trace_but_the_receives,
        an_operators_cancel_tells_who_and_why,
        an_operators_completion_tells_whether_there_is_a_result,
        an_operators_edit_is_told,
        a_retry_tells_its_pause_in_seconds,
    }
    listing {
        commands_come_newest_first,
        commands_come_in_pages,
        commands_are_found_by_each_of_their_properties,
        parked_commands_come_oldest_first_and_in_pages,
        parked_commands_are_found_by_each_of_their_properties,
        parked_commands_are_grouped_by_what_went_wrong,
        a_fingerprint_is_not_longer_than_anybody_reads,
        what_left_the_list_is_counted_no_more,
    }
    inventory {
        commands_that_are_not_over_are_counted_by_type_version_and_status,
        processes_that_have_not_ended_are_counted_by_type_and_step,
        nothing_is_left_when_all_is_over,
    }
    process_starting {
        a_started_process_waits_for_its_first_reply,
        its_first_command_is_sent_with_it,
        what_it_sends_is_recorded,
        a_parallel_group_is_sent_in_its_order,
        a_step_may_belong_to_a_domain_that_nobody_used_before,
        a_duplicate_process_sends_nothing_and_hinders_no_other,
        the_second_of_two_equal_processes_in_a_group_is_the_duplicate,
        a_process_id_is_unique_within_its_domain_only,
        an_empty_group_of_processes_is_no_error,
        a_deadline_and_timeouts_begin_with_the_start,
        several_are_loaded_together_and_unknown_ones_left_out,
        what_never_started_is_not_found,
        processes_come_newest_first_and_in_pages,
        processes_are_found_by_each_of_their_properties,
        a_process_may_start_with_a_command_for_later,
    }
    process_advancing {
        a_reply_is_taken_in_and_the_next_step_sent,
        one_move_takes_in_the_replies_of_a_whole_group,
        a_move_need_not_send_anything,
        one_move_may_send_a_group,
        a_step_sent_again_is_another_visit,
        what_it_is_taken_back_for_is_kept_to_the_end,
        each_way_to_end_is_an_end,
        each_outcome_is_recorded_with_what_came_with_it,
        a_group_moves_several_processes,
        a_reply_whose_lease_ran_out_is_taken_in_all_the_same,
        what_is_in_flight_stays_so_while_it_is_taken_back,
        a_process_of_the_same_id_elsewhere_is_left_alone,
        the_state_of_a_process_without_fields_is_null,
    }
    process_replies {
        a_reply_is_received_as_it_was_sent,
        a_received_reply_is_hidden_until_its_lease_ends,
        no_more_replies_are_received_than_asked_for,
        replies_to_another_domain_are_not_received,
        two_routers_never_get_the_same_reply,
        a_stray_reply_is_recorded_and_changes_nothing,
        what_is_no_reply_is_put_aside_too,
        a_reply_put_off_comes_again_after_its_pause,
        a_parked_reply_waits_for_an_operator,
        parked_replies_come_oldest_first_and_in_pages,
        a_retried_reply_is_received_anew,
        a_reply_may_be_retried_with_another_result,
        a_parked_reply_is_retried_once,
        a_message_that_is_gone_is_not_set_aside,
        a_reply_is_set_aside_once,
        every_fate_of_a_mixed_group_is_met,
        a_reply_to_an_unknown_process_may_be_parked,
    }
    process_due {
        a_process_without_timeouts_is_never_due,
        a_late_step_makes_its_process_due,
        a_deadline_makes_its_process_due,
        the_deadline_lives_on_through_its_moves,
        the_earliest_time_is_told,
        a_reply_on_the_way_goes_first,
        a_process_is_due_again_when_the_reply_on_the_way_was_taken_in,
        an_answered_step_is_late_no_more,
        a_step_sent_later_has_its_own_time,
        a_parked_step_may_be_late,
        a_step_whose_reply_is_parked_is_late_no_more,
        a_process_put_off_is_due_after_its_pause,
        what_is_not_due_is_not_put_off,
        a_router_may_ask_to_look_again,
        what_is_taken_back_has_no_timeouts,
        what_ended_is_never_due,
        no_more_are_due_than_asked_for,
    }
    process_blocked {
        a_parked_step_blocks_its_process,
        a_step_that_workers_died_on_blocks_its_process,
        a_step_whose_result_cannot_be_written_blocks_its_process,
        what_is_only_tried_again_blocks_nothing,
        an_operators_retry_lets_it_wait_for_the_reply_again,
        an_operators_cancel_is_told_to_the_process,
        an_operators_completion_is_told_to_the_process,
        it_is_blocked_until_the_last_of_its_group_is_resolved,
        a_move_leaves_it_blocked_while_something_is_parked,
        a_parked_reply_blocks_its_process,
        commands_and_replies_are_counted_together,
        a_reply_put_off_or_strayed_blocks_nothing,
        a_parked_undo_leaves_it_compensating,
        a_blocked_process_may_be_taken_back,
        a_process_that_ended_is_not_blocked,
        only_its_own_commands_block_a_process,
    }
    process_batches {
        a_batch_is_created_with_all_its_processes,
        processes_may_come_in_chunks,
        a_batch_dropped_before_its_end_leaves_nothing,
        an_empty_batch_of_processes_is_refused,
        a_process_that_comes_twice_refuses_the_batch,
        a_process_that_exists_refuses_the_batch,
        a_taken_id_of_its_then_command_refuses_the_batch,
        a_batch_may_be_created_before_its_processes,
        a_batch_id_that_exists_is_refused,
        a_start_beyond_the_total_is_not_counted,
        a_start_after_the_end_is_not_counted,
        a_start_in_an_unknown_batch_is_not_counted,
        a_start_in_a_batch_of_commands_is_not_counted,
        a_duplicate_takes_no_place,
        each_end_is_counted,
        processes_that_chose_to_be_taken_back_complete_their_batch,
        one_group_of_moves_may_end_several_batches,
        many_routers_at_once_end_it_once,
        a_stale_move_does_not_count,
        a_blocked_process_is_counted_once,
        a_process_blocked_by_a_reply_is_counted,
        a_process_that_ends_blocked_is_blocked_no_more,
        its_then_command_is_sent_once_when_it_ends,
        a_blocked_process_keeps_its_batch_open,
    }
    process_stale {
        a_move_decided_on_what_was_before_changes_nothing,
        a_move_decided_on_what_never_was_changes_nothing,
        a_process_that_ended_moves_no_more,
        a_process_that_is_not_there_does_not_move,
        a_stale_move_hinders_no_other_of_its_group,
        of_two_routers_one_moves_it,
        decided_anew_it_takes_effect,
        parking_makes_no_move_stale,
    }
    operations {
        an_operation_does_everything_that_its_filter_found,
        each_verb_can_be_an_operation,
        what_is_parked_later_is_left,
        what_somebody_else_resolved_is_skipped,
        an_operation_on_chosen_commands_takes_these_only,
        a_canceled_operation_goes_no_further,
        an_operation_that_finds_nothing_is_over_at_once,
        operations_are_listed_newest_first,
    }
    overseeing {
        a_search_goes_through_everything_page_by_page,
        a_search_finds_each_status_and_time,
        a_count_stops_at_its_cap,
        batches_are_listed_newest_first,
        processes_are_searched_like_commands,
        the_trail_is_searched_by_what_happened_and_by_whom,
        a_payload_is_shown_as_long_as_its_message_is_there,
        queues_tell_what_their_messages_wait_for,
        workers_are_known_while_they_say_that_they_live,
        figures_are_made_of_what_happened_lately,
        a_sound_system_has_no_faults,
    }
    pruning {
        what_ended_goes_with_all_that_is_kept_of_it,
        what_ended_later_or_not_at_all_stays,
        operations_that_are_over_go_in_chunks,
        what_is_parked_can_be_retried_afterwards,
        a_payload_from_before_an_edit_goes_with_its_command,
        members_stay_until_their_batch_has_ended,
        a_batch_stays_as_long_as_it_is_younger,
        processes_go_with_their_timelines,
        records_about_replies_go_when_nobody_waits_for_them,
        small_chunks_prune_as_much_as_large_ones,
    }
    waking {
        a_sent_command_wakes_workers,
        a_reply_message_wakes_its_queue,
        a_kept_reply_wakes_senders,
        an_operators_end_wakes_senders,
        the_end_of_a_batch_wakes_who_waits_for_it,
        a_reply_to_a_process_wakes_its_router,
        a_retried_reply_wakes_the_router,
        the_end_of_a_process_wakes_who_waits_for_it,
        the_end_of_a_process_batch_wakes_who_waits_for_it,
        who_sleeps_is_woken_by_the_stores_clock,
    }
}
