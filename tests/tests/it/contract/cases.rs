//! The cases, by subject. Each runs on a store of its own and is followed by [`World::check`](crate::contract::world::World::check).

pub(crate) mod auditing;
pub(crate) mod batch_creation;
pub(crate) mod batch_life;
pub(crate) mod canceling;
pub(crate) mod fence;
pub(crate) mod groups;
pub(crate) mod groups_of_commands;
pub(crate) mod inventory;
pub(crate) mod listing;
pub(crate) mod operators;
pub(crate) mod pausing;
pub(crate) mod process_advancing;
pub(crate) mod process_batches;
pub(crate) mod process_blocked;
pub(crate) mod process_due;
pub(crate) mod process_replies;
pub(crate) mod process_stale;
pub(crate) mod process_starting;
pub(crate) mod pruning;
pub(crate) mod receiving;
pub(crate) mod replies;
pub(crate) mod sending;
pub(crate) mod settling;
pub(crate) mod strays;
pub(crate) mod then_commands;
pub(crate) mod waking;
