//! From which message on a receive looks.
//!
//! A queue is read by the ids of its messages. Those that were handled leave dead rows behind until a vacuum, and a
//! snapshot that somebody holds keeps all of them, so each receive would walk over more of them than the last. While
//! receives come back full they go on from the mark that the last one reached. What lies below it, messages whose pause
//! or lease has ended and those of a transaction that committed late, is found by a look at everything, every so often
//! and at once when a receive above the mark comes back with less than it asked for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::message::Domain;

/// The smallest receive that is worth a mark.
const GROUP: usize = 50;

/// How long messages below the mark may wait.
const FULL_LOOK: Duration = Duration::from_millis(100);

/// A look at everything is made so seldom that it takes no more than this part of the time, whatever it walks over.
const SHARE: u32 = 10;

/// The mark of each domain.
#[derive(Debug, Default)]
pub(super) struct LowWater {
    marks: Mutex<HashMap<Domain, Mark>>,
}

#[derive(Debug)]
struct Mark {
    msg_id: i64,
    full_look_due: Instant,
}

impl LowWater {
    /// Messages with greater ids are to be looked at; zero for all.
    pub(super) fn mark(&self, domain: &Domain, limit: usize) -> i64 {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        match marks.get(domain) {
            Some(mark) if limit >= GROUP && Instant::now() < mark.full_look_due => mark.msg_id,
            _ => 0,
        }
    }

    /// A receive of messages above `from` came back full; it took this long, and `last` is the last of them.
    pub(super) fn full(&self, domain: &Domain, from: i64, last: i64, took: Duration) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        match marks.get_mut(domain) {
            // Of two receives side by side, the other one may have come further.
            Some(mark) if from > 0 => mark.msg_id = mark.msg_id.max(last),
            _ => {
                let full_look_due = Instant::now() + FULL_LOOK.max(took * SHARE);
                marks.insert(domain.clone(), Mark { msg_id: last, full_look_due });
            }
        }
    }

    /// A receive did not come back full: there is no mark until one does.
    pub(super) fn short(&self, domain: &Domain) {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).remove(domain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Domain;

    const PAYMENTS: Domain = Domain::from_static("payments");
    const MILLISECOND: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn full_receives_go_on_where_the_last_one_ended() {
        let low_water = LowWater::default();
        assert_eq!(low_water.mark(&PAYMENTS, 100), 0);
        low_water.full(&PAYMENTS, 0, 100, MILLISECOND);
        assert_eq!(low_water.mark(&PAYMENTS, 100), 100);
        low_water.full(&PAYMENTS, 100, 300, MILLISECOND);
        low_water.full(&PAYMENTS, 100, 200, MILLISECOND);
        assert_eq!(low_water.mark(&PAYMENTS, 100), 300);
    }

    #[tokio::test(start_paused = true)]
    async fn small_receives_look_at_everything() {
        let low_water = LowWater::default();
        low_water.full(&PAYMENTS, 0, 100, MILLISECOND);
        assert_eq!(low_water.mark(&PAYMENTS, GROUP - 1), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_receive_ends_the_mark() {
        let low_water = LowWater::default();
        low_water.full(&PAYMENTS, 0, 100, MILLISECOND);
        low_water.short(&PAYMENTS);
        assert_eq!(low_water.mark(&PAYMENTS, 100), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn every_so_often_everything_is_looked_at() {
        let low_water = LowWater::default();
        low_water.full(&PAYMENTS, 0, 100, MILLISECOND);
        tokio::time::advance(FULL_LOOK / 2).await;
        low_water.full(&PAYMENTS, 100, 200, MILLISECOND);
        tokio::time::advance(FULL_LOOK / 2).await;
        assert_eq!(low_water.mark(&PAYMENTS, 100), 0, "going on does not put it off");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_takes_long_is_made_seldom() {
        let low_water = LowWater::default();
        low_water.full(&PAYMENTS, 0, 100, FULL_LOOK);
        tokio::time::advance(FULL_LOOK * (SHARE - 1)).await;
        assert_eq!(low_water.mark(&PAYMENTS, 100), 100);
        tokio::time::advance(FULL_LOOK).await;
        assert_eq!(low_water.mark(&PAYMENTS, 100), 0);
    }
}
