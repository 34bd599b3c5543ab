//! What operators look at.

use std::collections::HashSet;
use std::time::Duration;

use commandbus::{
    message::{BatchType, CommandStatus, Domain, ProcessStatus},
    store::{AuditFilter, BatchCursor, BatchFilter, CommandFilter, Count, Page, ProcessFilter, Start, WorkerBeat},
};
use serde_json::json;
use uuid::Uuid;

use crate::contract::{
    verdicts::{complete, fail, park, retry},
    world::{LEASE, World, debit},
};

pub(crate) async fn a_search_goes_through_everything_page_by_page(world: &World) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.sent_and_run(complete()).await);
        ids.push(world.sent_and_run(fail()).await);
    }
    ids.reverse();
    let mut page = Page::first(4);
    let first = world.store.admin().search_commands(&CommandFilter::default(), page).await.unwrap();
    page.after = first.next;
    let rest = world.store.admin().search_commands(&CommandFilter::default(), page).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (4, 2, None));
    let found: Vec<_> = first.items.iter().chain(&rest.items).map(|command| command.command_id).collect();
    assert_eq!(found, ids);
}

pub(crate) async fn a_search_finds_each_status_and_time(world: &World) {
    let done = world.sent_and_run(complete()).await;
    let parked = world.sent_and_run(park()).await;
    let then = world.store.now().await.unwrap();
    let running = world.send(debit(1)).await;
    world.deliveries().await;
    let mut delayed = debit(1);
    delayed.start = Start::After(Duration::from_secs(60));
    let delayed = world.send(delayed).await;

    let search = async |filter: CommandFilter| {
        let found = world.store.admin().search_commands(&filter, Page::first(10)).await.unwrap();
        assert_eq!(found.next, None);
        found.items.iter().map(|command| command.command_id).collect::<Vec<_>>()
    };
    for (status, id) in [
        (CommandStatus::Completed, done),
        (CommandStatus::InTroubleshooting, parked),
        (CommandStatus::InProgress, running),
        (CommandStatus::Pending, delayed),
    ] {
        assert_eq!(search(CommandFilter::default().with_status(status)).await, [id], "{status}");
    }
    let mut before = CommandFilter::default();
    before.sent_before = Some(then);
    assert_eq!(search(before).await, [parked, done]);
    let mut from = CommandFilter::default();
    from.sent_from = Some(then);
    assert_eq!(search(from).await, [delayed, running]);
}

pub(crate) async fn a_count_stops_at_its_cap(world: &World) {
    world.batch_of(3).await;
    let count = async |cap| world.store.admin().count_commands(&CommandFilter::default(), cap).await.unwrap();
    assert_eq!(count(3).await, Count { count: 3, is_capped: false });
    assert_eq!(count(2).await, Count { count: 2, is_capped: true });
    let nobody = CommandFilter::in_domain(Domain::from_static("nobody"));
    let none = world.store.admin().count_commands(&nobody, 10).await.unwrap();
    assert_eq!(none, Count { count: 0, is_capped: false });
}

pub(crate) async fn batches_are_listed_newest_first(world: &World) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.batch_of(1).await.0);
    }
    world.run_all(complete).await;
    let open = world.batch_of(1).await.0;
    ids.push(open);
    ids.push(world.process_batch_of(1).await.0);
    ids.reverse();

    let mut found = Vec::new();
    let mut page = Page::first(2);
    loop {
        let listing = world.store.admin().search_batches(&BatchFilter::default(), page).await.unwrap();
        found.extend(listing.items.iter().map(|batch| batch.batch_id));
        let Some(next) = listing.next else { break };
        // As it comes back over HTTP.
        page.after = Some(next.to_string().parse::<BatchCursor>().unwrap());
    }
    assert_eq!(found, ids);

    let mut filter = BatchFilter::default();
    filter.has_ended = Some(false);
    filter.batch_type = Some(BatchType::Command);
    let listing = world.store.admin().search_batches(&filter, Page::first(10)).await.unwrap();
    assert_eq!(listing.items.iter().map(|batch| batch.batch_id).collect::<Vec<_>>(), [open]);
}

pub(crate) async fn processes_are_searched_like_commands(world: &World) {
    let (done, left) = (world.started().await, world.started().await);
    world.end_all(&[(done, ProcessStatus::Completed)]).await;
    let page = Page::first(1);
    let first = world.store.admin().search_processes(&ProcessFilter::default(), page).await.unwrap();
    assert_eq!((first.items[0].process_id, first.next), (left, Some(left)));
    let completed = ProcessFilter::default().with_status(ProcessStatus::Completed);
    let found = world.store.admin().search_processes(&completed, Page::first(5)).await.unwrap();
    assert_eq!((found.items[0].process_id, found.items.len(), found.next), (done, 1, None));
}

pub(crate) async fn the_trail_is_searched_by_what_happened_and_by_whom(world: &World) {
    let id = world.sent_and_run(park()).await;
    world.resolve(id, commandbus::store::OperatorVerb::Cancel).await;
    world.sent_and_run(complete()).await;
    let search = async |restrict: &dyn Fn(&mut AuditFilter)| {
        let mut filter = AuditFilter::default();
        restrict(&mut filter);
        let found = world.store.admin().search_audit(&filter, Page::first(100)).await.unwrap().items;
        assert!(found.windows(2).all(|two| two[0].audit_id > two[1].audit_id), "newest first");
        found.into_iter().map(|event| event.event).collect::<Vec<_>>()
    };
    assert_eq!(search(&|_| ()).await.len(), 7);
    assert_eq!(search(&|by| by.operator = Some("ada".into())).await, ["OPERATOR_CANCEL"]);
    assert_eq!(search(&|by| by.event = Some("COMPLETED".into())).await, ["COMPLETED"]);
    let of_it = search(&|by| by.subject = Some(id.as_uuid())).await;
    assert_eq!(of_it, ["OPERATOR_CANCEL", "MOVED_TO_TSQ", "RECEIVED", "SENT"]);
}

pub(crate) async fn a_payload_is_shown_as_long_as_its_message_is_there(world: &World) {
    let show = async |id| world.store.admin().payload(&world.domain, id).await.unwrap();
    let id = world.send(debit(7)).await;
    assert_eq!(show(id).await, Some(json!({ "cents": 7 })));
    world.run(fail()).await;
    assert_eq!(show(id).await, Some(json!({ "cents": 7 })));
    assert_eq!(show(world.sent_and_run(complete()).await).await, None);
}

pub(crate) async fn queues_tell_what_their_messages_wait_for(world: &World) {
    world.sent_and_run(park()).await;
    world.sent_and_run(retry()).await;
    world.send(debit(1)).await;
    world.store.receive(&world.domain, 1, LEASE).await.unwrap();
    world.send(debit(1)).await;
    world.send(debit(1)).await;

    let queue = async |cap| {
        let queues = world.store.admin().queues(cap).await.unwrap();
        queues.into_iter().find(|queue| queue.domain == world.domain).unwrap()
    };
    let found = queue(100).await;
    assert_eq!((found.ready, found.running, found.delayed, found.parked), (2, 1, 1, 1));
    assert!(found.oldest_ready_at.is_some() && found.oldest_parked_at.is_some() && found.paused_at.is_none());
    assert_eq!(queue(1).await.ready, 2, "one more than the cap says that there are more");
    world.store.set_paused(&world.domain, None, true, "olivia", None).await.unwrap();
    assert!(queue(1).await.paused_at.is_some());
}

pub(crate) async fn workers_are_known_while_they_say_that_they_live(world: &World) {
    let beat = |worker_id, phase, running| WorkerBeat {
        worker_id,
        domain: world.domain.clone(),
        host: "host".into(),
        pid: 7,
        version: "1",
        concurrency: 50,
        phase,
        running,
        in_hand: running,
    };
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    for id in ids {
        world.store.admin().beat(&beat(id, "RUNNING", 1)).await.unwrap();
    }
    world.store.admin().beat(&beat(ids[1], "STOPPING", 5)).await.unwrap();
    world.store.admin().leave(ids[0]).await.unwrap();

    let workers = world.store.admin().workers().await.unwrap();
    assert_eq!(workers.len(), 1);
    let worker = &workers[0];
    assert_eq!(
        (worker.worker_id, worker.phase.as_str(), worker.running, worker.is_alive),
        (ids[1], "STOPPING", 5, true)
    );
    assert_eq!(world.store.admin().queues(10).await.unwrap()[0].workers, 1);
}

pub(crate) async fn figures_are_made_of_what_happened_lately(world: &World) {
    for _ in 0..3 {
        world.sent_and_run(complete()).await;
    }
    world.sent_and_run(park()).await;
    let throughput = world.store.admin().throughput(60).await.unwrap();
    // Four commands may lie in two minutes.
    let sum = |of: fn(&commandbus::store::Throughput) -> u64| throughput.iter().map(of).sum::<u64>();
    assert_eq!((sum(|one| one.sent), sum(|one| one.completed), sum(|one| one.parked)), (4, 3, 1));
    assert_eq!(throughput.iter().map(|one| &one.domain).collect::<HashSet<_>>(), HashSet::from([&world.domain]));
    let latency = world.store.admin().latency().await.unwrap();
    assert_eq!((latency.len(), latency[0].completed), (1, 3));
    assert!(latency[0].p50_s <= latency[0].p95_s && latency[0].p95_s <= latency[0].max_s);
}

pub(crate) async fn a_sound_system_has_no_faults(world: &World) {
    world.batch_of(3).await;
    world.run_all(complete).await;
    world.sent_and_run(park()).await;
    world.started().await;
    world.send(debit(1)).await;
    world.store.receive(&world.domain, 1, LEASE).await.unwrap();
    assert_eq!(world.store.admin().diagnose().await.unwrap(), []);
}
