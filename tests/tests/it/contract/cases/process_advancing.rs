use commandbus::{
    message::{CommandStatus, Domain, Outcome, ProcessId, ProcessStatus, StepRole},
    store::{Moved, NewProcess, ProcessMove},
};
use serde_json::{Value, json};

use crate::contract::{
    verdicts::{complete, complete_with, fail},
    world::{
        LEASE, World,
        process::{TRANSFERS, answer, step, transfer, undo, unwinding},
        raw, read,
    },
};

use ProcessStatus::{Canceled, Compensated, Compensating, Completed, Failed, WaitingForReply};

pub(crate) async fn a_reply_is_taken_in_and_the_next_step_sent(world: &World) {
    let id = world.started().await;
    world.run(complete_with(json!({ "hold": 7 }))).await;
    let reply = world.process_reply().await;
    let next = step(id, "credit", 2);
    let credit = next.command.command_id;
    let one = ProcessMove {
        current_step: Some("credit".into()),
        state: raw(json!({ "cents": 100, "hold": 7 })),
        answers: vec![answer(&reply)],
        steps: vec![next],
        ..world.move_to(id, WaitingForReply).await
    };
    assert_eq!(world.advance(one).await, Moved::Recorded);

    let process = world.find(id).await;
    assert_eq!((process.status, process.current_step.as_deref()), (WaitingForReply, Some("credit")));
    assert_eq!(process.state, json!({ "cents": 100, "hold": 7 }));
    assert_eq!((process.completed_at, process.error_code), (None, None));
    assert!(process.updated_at >= process.created_at);
    let record = world.load(id).await;
    assert_eq!((record.revision, read(&record.state)), (1, json!({ "cents": 100, "hold": 7 })));

    let steps = world.sent_steps(id).await;
    assert_eq!((steps[0].outcome, &steps[0].reply_data), (Some(Outcome::Success), &Some(json!({ "hold": 7 }))));
    assert!(steps[0].received_at.unwrap() >= steps[0].sent_at);
    assert_eq!((steps[1].command_id, steps[1].visit, steps[1].outcome), (credit, 2, None));
    assert_eq!(steps.len(), 2);
    assert!(world.queued_replies().await.is_empty());
    assert!(world.archived_replies().await.is_empty(), "what was taken in is recorded with its step");
    let delivery = world.delivery().await;
    assert_eq!((delivery.token.command_id, delivery.correlation_id), (credit, Some(id.as_uuid())));
    assert_eq!(delivery.reply_to, Some(TRANSFERS.process_replies_queue()));
}

pub(crate) async fn one_move_takes_in_the_replies_of_a_whole_group(world: &World) {
    let id = world.start(transfer(&["debit", "credit"])).await;
    world.run_all(complete).await;
    world.take_in(id, Completed, Vec::new()).await;
    assert_eq!(world.find(id).await.status, Completed);
    assert!(world.sent_steps(id).await.iter().all(|step| step.outcome == Some(Outcome::Success)));
    assert!(world.queued_replies().await.is_empty());
}

pub(crate) async fn a_move_need_not_send_anything(world: &World) {
    let id = world.start(transfer(&["debit", "credit"])).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle(tokens[0], complete()).await;
    world.take_in(id, WaitingForReply, Vec::new()).await;
    let outcomes: Vec<_> = world.load(id).await.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Success), None]);
    world.settle(tokens[1], complete()).await;
    world.take_in(id, Completed, Vec::new()).await;
    assert_eq!(world.load(id).await.revision, 2);
}

pub(crate) async fn one_move_may_send_a_group(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    let ledger = Domain::from_static("ledger");
    let mut book = step(id, "book", 2);
    book.domain = ledger.clone();
    world.take_in(id, WaitingForReply, vec![step(id, "credit", 2), book]).await;
    let steps = world.sent_steps(id).await;
    let visits: Vec<_> = steps.iter().map(|step| (&*step.step_name, step.visit)).collect();
    assert_eq!(visits, [("debit", 1), ("credit", 2), ("book", 2)]);
    assert_eq!(world.deliveries().await.len(), 1);
    assert_eq!(world.store.receive(&ledger, 10, LEASE).await.unwrap().deliveries.len(), 1);
}

pub(crate) async fn a_step_sent_again_is_another_visit(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    world.take_in(id, WaitingForReply, vec![step(id, "debit", 2)]).await;
    world.run(fail()).await;
    world.take_in(id, Canceled, Vec::new()).await;
    let steps = world.sent_steps(id).await;
    let ends: Vec<_> = steps.iter().map(|step| (&*step.step_name, step.visit, step.outcome)).collect();
    assert_eq!(ends, [("debit", 1, Some(Outcome::Success)), ("debit", 2, Some(Outcome::Failed))]);
}

pub(crate) async fn what_it_is_taken_back_for_is_kept_to_the_end(world: &World) {
    let id = world.started().await;
    let debit = world.step_commands(id).await[0];
    world.run(complete()).await;
    world.take_in(id, WaitingForReply, vec![step(id, "credit", 2)]).await;
    world.run(fail()).await;
    let answers = vec![answer(&world.process_reply().await)];
    let back = undo(id, "debit", 3, debit);
    let one = ProcessMove { answers, steps: vec![back], ..world.move_to(id, Compensating).await };
    assert_eq!(world.advance(unwinding(one, Canceled)).await, Moved::Recorded);

    let cause = Some(("NO_COVER".to_owned(), "not enough cover".to_owned()));
    let record = world.load(id).await;
    assert_eq!((record.status, record.ends_as, &record.cause), (Compensating, Some(Canceled), &cause));
    let sent = world.sent_steps(id).await.pop().unwrap();
    assert_eq!((&*sent.step_name, sent.role, sent.visit), ("debit", StepRole::Undo { undoes: debit }, 3));
    assert_eq!(record.steps.last().unwrap().role, sent.role);

    world.run(complete()).await;
    world.take_in(id, Canceled, Vec::new()).await;
    let process = world.find(id).await;
    assert_eq!((process.status, process.error_code.as_deref()), (Canceled, Some("NO_COVER")));
    assert_eq!(process.error_message.as_deref(), Some("not enough cover"));
}

pub(crate) async fn each_way_to_end_is_an_end(world: &World) {
    for status in [Completed, Compensated, Failed, Canceled] {
        let id = world.started().await;
        world.run(complete()).await;
        world.take_in(id, status, Vec::new()).await;
        let process = world.find(id).await;
        assert_eq!((process.status, process.completed_at), (status, Some(process.updated_at)));
        assert!(process.completed_at.unwrap() >= process.created_at);
    }
}

pub(crate) async fn each_outcome_is_recorded_with_what_came_with_it(world: &World) {
    let id = world.start(transfer(&["debit", "credit", "notify"])).await;
    let commands = world.step_commands(id).await;
    world.store.cancel(&world.domain, &commands[2..], "ada", "nobody reads it").await.unwrap();
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all([(tokens[0], complete()), (tokens[1], fail())]).await;
    world.take_in(id, Canceled, Vec::new()).await;
    let steps = world.sent_steps(id).await;
    let ends: Vec<_> = steps.into_iter().map(|step| (step.outcome.unwrap(), step.reply_data)).collect();
    let expected = [
        (Outcome::Success, None),
        (Outcome::Failed, Some(json!({ "error_code": "NO_COVER" }))),
        (Outcome::Canceled, Some(json!({ "reason": "nobody reads it" }))),
    ];
    assert_eq!(ends, expected);
}

pub(crate) async fn a_group_moves_several_processes(world: &World) {
    let ids = [world.started().await, world.started().await, world.started().await];
    world.end_all(&[(ids[2], Completed), (ids[0], Canceled), (ids[1], Compensated)]).await;
    for (id, status) in ids.into_iter().zip([Canceled, Compensated, Completed]) {
        assert_eq!(world.find(id).await.status, status);
        assert_eq!(world.sent_steps(id).await[0].outcome, Some(Outcome::Success));
    }
    assert!(world.queued_replies().await.is_empty());
}

pub(crate) async fn a_reply_whose_lease_ran_out_is_taken_in_all_the_same(world: &World) {
    let id = world.started().await;
    world.run(complete()).await;
    let answers = vec![answer(&world.process_reply().await)];
    world.pass_time(LEASE * 2).await;
    let one = ProcessMove { answers, ..world.move_to(id, Completed).await };
    assert_eq!(world.advance(one).await, Moved::Recorded);
    assert!(world.process_replies().await.is_empty());
}

pub(crate) async fn what_is_in_flight_stays_so_while_it_is_taken_back(world: &World) {
    let id = world.start(transfer(&["debit", "credit"])).await;
    let credit = world.step_commands(id).await[1];
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle(tokens[0], fail()).await;
    let answers = vec![answer(&world.process_reply().await)];
    let one = ProcessMove { answers, ..world.move_to(id, Compensating).await };
    world.advance(unwinding(one, Canceled)).await;
    assert_eq!(world.status(credit).await, CommandStatus::InProgress, "a store cancels nothing by itself");
    let outcomes: Vec<_> = world.load(id).await.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Failed), None]);
}

pub(crate) async fn a_process_of_the_same_id_elsewhere_is_left_alone(world: &World) {
    let id = world.started().await;
    let elsewhere = Domain::from_static("refunds");
    let twin = NewProcess { process_id: id, ..transfer(&["credit"]) };
    world.processes().start(&elsewhere, &[twin], None).await.unwrap();
    let one = ProcessMove { current_step: None, ..world.move_to(id, WaitingForReply).await };
    assert_eq!(world.advance(one).await, Moved::Recorded);
    assert_eq!(world.find(id).await.current_step, None);
    let twin = world.processes().load(&elsewhere, &[id]).await.unwrap().remove(0);
    assert_eq!((twin.revision, twin.process_id), (0, id));
    assert_eq!(world.processes().load(&elsewhere, &[ProcessId::new()]).await.unwrap().len(), 0);
}

pub(crate) async fn the_state_of_a_process_without_fields_is_null(world: &World) {
    let process = NewProcess { state: raw(Value::Null), ..transfer(&["debit"]) };
    let id = world.start(process).await;
    assert_eq!((world.find(id).await.state, world.load(id).await.state.get()), (Value::Null, "null"));
    world.run(complete()).await;
    world.take_in(id, ProcessStatus::Completed, Vec::new()).await;
    assert_eq!(world.find(id).await.state, Value::Null);
}
