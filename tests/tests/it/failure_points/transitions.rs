//! The transitions, one line each.

use std::sync::Arc;

use commandbus::store::postgres::PostgresStore;
use futures_util::future::BoxFuture;

use super::{commands, elsewhere, original, outside, processes, senders};
use crate::contract::world::World;

/// Does the transition; what went wrong in words.
pub(super) type Act = Box<dyn Fn(Arc<PostgresStore>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

pub(super) struct Transition {
    pub(super) name: &'static str,
    /// Sets the stage.
    pub(super) prepare: for<'w> fn(&'w World) -> BoxFuture<'w, Act>,
}

macro_rules! transitions {
    ($($module:ident { $($name:ident,)+ })+) => {
        pub(super) const TRANSITIONS: &[Transition] = &[
            $($(Transition {
                name: concat!(stringify!($module), "::", stringify!($name)),
                prepare: |world| Box::pin($module::$name(world)),
            },)+)+
        ];
    };
}

transitions! {
    commands {
        sending_one,
        sending_a_group_with_a_duplicate,
        sending_into_a_group,
        sending_all_or_none,
        creating_a_batch,
        creating_a_batch_with_copy,
        receiving,
        receiving_into_a_batch,
        receiving_what_workers_died_on,
        receiving_what_is_paused,
        receiving_strays,
        giving_turns,
        completing,
        completing_the_last_of_a_batch,
        completing_in_a_group,
        completing_without_a_queue_for_the_reply,
        completing_in_a_transaction,
        failing,
        parking,
        parking_a_step,
        retrying,
        giving_back,
        parking_what_cannot_be_stored,
        settling_a_mixed_group,
        folding_the_end_of_a_batch,
        renewing,
    }
    outside {
        canceling,
        canceling_the_rest,
        pausing,
        resuming,
        an_operator_retries,
        an_operator_edits,
        an_operator_cancels,
        an_operator_completes_the_last_of_a_batch,
        an_operator_completes_a_step,
        an_operation_begins,
        an_operation_goes_on,
        an_operation_is_canceled,
        a_batch_is_recounted,
    }
    processes {
        starting,
        starting_in_a_batch,
        creating_a_batch_to_fill,
        filling_a_batch,
        receiving_replies,
        advancing,
        advancing_the_last_of_a_batch,
        recording_a_stray,
        putting_off_a_reply,
        parking_a_reply,
        retrying_a_reply,
        postponing,
    }
    elsewhere {
        making_a_queue,
        a_worker_says_that_it_lives,
        a_worker_leaves,
        pruning_results,
        pruning_commands,
        pruning_processes,
        pruning_batches,
        pruning_archives,
        pruning_stray_replies,
        pruning_parked_replies,
        pruning_operations,
        pruning_undelivered_replies,
    }
    senders {
        sending_without_rights,
        creating_a_batch_without_rights,
    }
    original {
        receiving_by_procedure,
        receiving_what_workers_died_on_by_procedure,
        completing_by_procedure,
        failing_by_procedure,
        parking_by_procedure,
        completing_what_is_parked_by_procedure,
        failing_an_attempt_by_procedure,
        starting_a_batch_by_procedure,
        counting_by_procedure,
        counting_a_completion_by_an_operator,
        counting_a_cancel_by_an_operator,
        counting_a_retry_by_an_operator,
        refreshing_a_batch_by_procedure,
    }
}

/// Makes an [`Act`] of what is to be done with the store; values named before it are cloned for each try.
macro_rules! act {
    ([$($value:ident),*], |$store:ident| $body:expr) => {
        Box::new(move |$store: std::sync::Arc<commandbus::store::postgres::PostgresStore>| {
            $(let $value = $value.clone();)*
            let done = async move { $body.await.map(drop).map_err(|error| error.to_string()) };
            Box::pin(done) as futures_util::future::BoxFuture<'static, Result<(), String>>
        }) as $crate::failure_points::transitions::Act
    };
}

pub(super) use act;
