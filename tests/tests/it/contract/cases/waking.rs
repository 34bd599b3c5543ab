use std::time::Duration;

use commandbus::{
    message::ProcessStatus,
    store::{OperatorVerb, Wake},
};
use serde_json::json;
use tokio::sync::broadcast;

use crate::contract::{
    verdicts::{complete, complete_with, park},
    world::{
        World, debit,
        process::{TRANSFERS, parked_as},
    },
};

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Does something again and again until it is heard: who listens may not be listening yet.
async fn is_heard<F: Future>(world: &World, watched: Wake, does: impl Fn() -> F, meant: impl Fn(&Wake) -> bool) {
    let mut wakes = world.store.wakes();
    world.store.watch(&watched);
    let listening = async {
        loop {
            does().await;
            while let Ok(heard) = tokio::time::timeout(PAUSE, wakes.recv()).await {
                match heard {
                    Ok(wake) if meant(&wake) => return,
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => panic!("the store is alive"),
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.expect("nobody was woken");
}

pub(crate) async fn a_sent_command_wakes_workers(world: &World) {
    let wake = Wake::Queue(world.domain.commands_queue());
    is_heard(world, wake.clone(), || world.send(debit(1)), |heard| *heard == wake).await;
}

pub(crate) async fn a_reply_message_wakes_its_queue(world: &World) {
    let wake = Wake::Queue(world.domain.replies_queue());
    let replies = || async {
        let mut command = debit(1);
        command.reply_to = Some(world.domain.replies_queue());
        world.send(command).await;
        world.run(complete()).await;
    };
    is_heard(world, wake.clone(), replies, |heard| *heard == wake).await;
}

pub(crate) async fn a_kept_reply_wakes_senders(world: &World) {
    let wake = Wake::Reply(world.domain.clone());
    is_heard(world, wake.clone(), || world.sent_and_run(complete_with(json!(1))), |heard| *heard == wake).await;
}

pub(crate) async fn an_operators_end_wakes_senders(world: &World) {
    let wake = Wake::Reply(world.domain.clone());
    let resolves = || async {
        let id = world.sent_and_run(park()).await;
        world.resolve(id, OperatorVerb::Cancel).await;
    };
    is_heard(world, wake.clone(), resolves, |heard| *heard == wake).await;
}

pub(crate) async fn the_end_of_a_batch_wakes_who_waits_for_it(world: &World) {
    let ends = || async {
        world.batch_of(1).await;
        world.run(complete()).await;
    };
    is_heard(world, Wake::Batch(None), ends, |heard| matches!(heard, Wake::Batch(_))).await;
}

pub(crate) async fn a_reply_to_a_process_wakes_its_router(world: &World) {
    let wake = Wake::Queue(TRANSFERS.process_replies_queue());
    let replies = || async {
        world.started().await;
        world.run(complete()).await;
    };
    is_heard(world, wake.clone(), replies, |heard| *heard == wake).await;
}

pub(crate) async fn a_retried_reply_wakes_the_router(world: &World) {
    let wake = Wake::Queue(TRANSFERS.process_replies_queue());
    let id = world.started().await;
    world.reply_parked(id).await;
    let again = || async {
        let replies: Vec<_> = world.parked_replies().await.iter().map(|parked| parked.parked_reply_id).collect();
        world.processes().retry_replies(&TRANSFERS, &replies, None, "ada", None).await.unwrap();
        for reply in world.process_replies().await {
            world.set_aside(reply.msg_id, id, parked_as("PANIC")).await;
        }
    };
    is_heard(world, wake.clone(), again, |heard| *heard == wake).await;
}

pub(crate) async fn the_end_of_a_process_wakes_who_waits_for_it(world: &World) {
    let wake = Wake::Process(TRANSFERS.clone());
    let ends = || async {
        let id = world.started().await;
        world.run(complete()).await;
        world.take_in(id, ProcessStatus::Completed, Vec::new()).await;
    };
    is_heard(world, wake.clone(), ends, |heard| *heard == wake).await;
}

pub(crate) async fn the_end_of_a_process_batch_wakes_who_waits_for_it(world: &World) {
    let ends = || async {
        let (_, ids) = world.process_batch_of(1).await;
        world.end_all(&[(ids[0], ProcessStatus::Completed)]).await;
    };
    is_heard(world, Wake::Batch(None), ends, |heard| matches!(heard, Wake::Batch(_))).await;
}

pub(crate) async fn who_sleeps_is_woken_by_the_stores_clock(world: &World) {
    let store = world.store.clone();
    let before = store.now().await.unwrap();
    store.sleep(Duration::from_millis(5)).await;
    assert!(store.now().await.unwrap() > before);
}
