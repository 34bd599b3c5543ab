use commandbus::{
    message::{CommandStatus, Failure},
    store::{Settled, Verdict},
};
use serde_json::json;

use crate::contract::{
    verdicts::{complete, complete_with, each, fail, park},
    world::World,
};

pub(crate) async fn every_verdict_of_a_mixed_group_is_recorded(world: &World) {
    let (batch, ids) = world.batch_of(5).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    let answers = world.settle_all(tokens.into_iter().zip(each())).await;
    assert_eq!(answers, [Settled::Recorded; 5]);
    let mut statuses = Vec::new();
    for id in ids {
        statuses.push(world.status(id).await);
    }
    use CommandStatus::{Completed, Failed, InTroubleshooting, Pending};
    assert_eq!(statuses, [Completed, Pending, InTroubleshooting, Failed, Pending]);
    assert_eq!(world.counts(batch).await.1, [1, 1, 0, 1]);
}

pub(crate) async fn the_answers_are_in_the_order_of_the_group(world: &World) {
    world.batch_of(3).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle(tokens[1], complete()).await;
    let backwards = tokens.into_iter().rev().map(|token| (token, complete()));
    assert_eq!(world.settle_all(backwards).await, [Settled::Recorded, Settled::Stale, Settled::Recorded]);
}

/// A group of three whose second cannot be written.
async fn parks_only(world: &World, unwritable: Verdict) {
    let (batch, ids) = world.batch_of(3).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    let group = [(tokens[0], complete_with(json!(1))), (tokens[1], unwritable), (tokens[2], fail())];
    assert_eq!(world.settle_all(group).await, [Settled::Recorded, Settled::Unsettleable, Settled::Recorded]);
    assert_eq!(world.status(ids[1]).await, CommandStatus::InTroubleshooting);
    assert_eq!(world.counts(batch).await.1, [1, 1, 0, 1]);
    let parked = world.parked().await;
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].command_id, parked[0].reason.as_str()), (ids[1], "UNSETTLEABLE"));
    assert_eq!(parked[0].error_code.as_deref(), Some("UNSETTLEABLE"));
    assert_eq!(world.events(ids[1]).await, ["SENT", "RECEIVED", "MOVED_TO_TSQ"]);
}

pub(crate) async fn a_result_that_cannot_be_written_parks_its_command_only(world: &World) {
    parks_only(world, complete_with(json!("a\0b"))).await;
}

pub(crate) async fn details_that_cannot_be_written_park_their_command_only(world: &World) {
    let failure = Failure::business_rule("NO", "no").with_details(json!({ "bytes": "\0" }));
    parks_only(world, Verdict::Fail { failure, keep: true }).await;
}

pub(crate) async fn a_stale_member_that_cannot_be_written_is_stale(world: &World) {
    world.batch_of(1).await;
    let token = world.run(park()).await;
    assert_eq!(world.settle(token, complete_with(json!("\0"))).await, Settled::Stale);
}
