use commandbus::{
    message::{CommandId, CommandStatus},
    store::{EditedPayload, OperatorVerb, Resolution},
};
use serde_json::json;

use crate::contract::{
    verdicts::{again, complete, completed, edited, fail, park},
    world::{World, debit, operator, raw, read},
};

pub(crate) async fn a_retry_starts_a_new_life(world: &World) {
    let mut command = debit(100);
    command.headers = json!({ "traceparent": "00-1-2-01" }).as_object().cloned();
    let id = world.send(command.clone()).await;
    let first = world.run(park()).await;
    assert_eq!(world.resolve(id, again()).await, Resolution::Done);

    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.max_attempts, row.delivery), (CommandStatus::Pending, 0, 3, 1));
    assert_eq!((row.last_error_type, row.last_error_code, row.last_error_msg), (None, None, None));
    assert!(row.msg_id.unwrap() > first.msg_id);
    assert!(world.parked().await.is_empty());
    assert_eq!(world.archived().await, [first.msg_id], "the message it was parked with stays archived");

    let second = world.delivery().await;
    assert_eq!((second.attempt, second.token.delivery, Some(second.token.msg_id)), (1, 2, row.msg_id));
    assert_eq!(read(&second.data), json!({ "cents": 100 }));
    assert_eq!(Some(&second.headers), command.headers.as_ref());
    assert_eq!(second.correlation_id, Some(command.correlation_id));
    assert_eq!(world.harness.payload_before_edit(&world.domain, id).await, None);
}

pub(crate) async fn a_retry_may_carry_an_edited_payload(world: &World) {
    let mut command = debit(100);
    command.headers = json!({ "traceparent": "00-1-2-01" }).as_object().cloned();
    command.reply_to = Some(world.domain.replies_queue());
    let id = world.send(command.clone()).await;
    world.run(park()).await;
    assert_eq!(world.resolve(id, edited(json!({ "cents": 90 }))).await, Resolution::Done);
    let body = &world.waiting().await[0].body;
    assert_eq!((&body["data"], &body["reply_to"]), (&json!({ "cents": 90 }), &json!("payments__replies")));
    assert_eq!(body["correlation_id"], json!(command.correlation_id));
    let delivery = world.delivery().await;
    assert_eq!(read(&delivery.data), json!({ "cents": 90 }));
    assert_eq!(Some(delivery.headers), command.headers);
    assert_eq!(world.harness.payload_before_edit(&world.domain, id).await, Some(json!({ "cents": 100 })));
}

pub(crate) async fn what_was_first_sent_stays_known_however_often_it_is_edited(world: &World) {
    let id = world.sent_and_run(park()).await;
    for cents in [90, 80] {
        world.resolve(id, edited(json!({ "cents": cents }))).await;
        world.run(park()).await;
    }
    assert_eq!(world.parked().await[0].payload, Some(json!({ "cents": 80 })));
    assert_eq!(world.harness.payload_before_edit(&world.domain, id).await, Some(json!({ "cents": 100 })));
}

pub(crate) async fn an_edited_payload_may_be_of_another_version(world: &World) {
    for (before, version, after) in [
        (
            json!({ "x-commandbus-version": 2, "traceparent": "00" }),
            None,
            json!({ "x-commandbus-version": 2, "traceparent": "00" }),
        ),
        (
            json!({ "x-commandbus-version": 2, "traceparent": "00" }),
            Some(3),
            json!({ "x-commandbus-version": 3, "traceparent": "00" }),
        ),
        (json!({ "x-commandbus-version": 2, "traceparent": "00" }), Some(1), json!({ "traceparent": "00" })),
        (json!({ "x-commandbus-version": 2 }), Some(1), json!({})),
        (json!(null), Some(2), json!({ "x-commandbus-version": 2 })),
        (json!(null), Some(1), json!({})),
    ] {
        let mut command = debit(100);
        command.headers = before.as_object().cloned();
        let id = world.send(command).await;
        world.run(park()).await;
        let payload = EditedPayload { data: raw(json!({ "cents": 90 })), version };
        let verb = OperatorVerb::Retry { payload: Some(payload) };
        assert_eq!(world.resolve(id, verb).await, Resolution::Done);
        let delivery = world.delivery().await;
        assert_eq!(json!(delivery.headers), after);
        assert_eq!(delivery.version(), version.unwrap_or(2));
        world.settle(delivery.token, complete()).await;
    }
}

pub(crate) async fn a_parked_command_tells_the_version_of_its_payload(world: &World) {
    for (headers, version) in [
        (json!(null), 1),
        (json!({ "traceparent": "00" }), 1),
        (json!({ "x-commandbus-version": 7 }), 7),
        (json!({ "x-commandbus-version": "7" }), 7),
        (json!({ "x-commandbus-version": "seven" }), 0),
        (json!({ "x-commandbus-version": null }), 0),
        (json!({ "x-commandbus-version": 1.5 }), 0),
    ] {
        let mut command = debit(100);
        command.headers = headers.as_object().cloned();
        let id = world.send(command).await;
        let delivery = world.delivery().await;
        assert_eq!(delivery.version(), version, "{headers}");
        world.settle(delivery.token, park()).await;
        let parked = world.parked().await;
        let found = parked.iter().find(|parked| parked.command_id == id).unwrap();
        assert_eq!(found.version, version, "{headers}");
    }
}

pub(crate) async fn a_retried_command_may_be_parked_again(world: &World) {
    let id = world.sent_and_run(park()).await;
    let first = world.parked().await.remove(0);
    world.resolve(id, again()).await;
    world.run(park()).await;
    let second = world.parked().await;
    assert_eq!(second.len(), 1);
    assert!(second[0].parked_id > first.parked_id);
    assert_eq!((second[0].command_id, second[0].attempts), (id, 1));
}

pub(crate) async fn a_canceled_command_is_canceled(world: &World) {
    let id = world.sent_and_run(park()).await;
    assert_eq!(world.resolve(id, OperatorVerb::Cancel).await, Resolution::Done);
    let row = world.command(id).await;
    assert_eq!((row.status, row.last_error_code.as_deref()), (CommandStatus::Canceled, Some("ACCOUNT_GONE")));
    assert!(world.parked().await.is_empty());
    assert!(world.waiting().await.is_empty());
}

pub(crate) async fn a_completed_command_is_completed(world: &World) {
    let id = world.sent_and_run(park()).await;
    let verb = OperatorVerb::Complete { result: Some(raw(json!({ "balance": 5 }))) };
    assert_eq!(world.resolve(id, verb).await, Resolution::Done);
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts), (CommandStatus::Completed, 1));
    assert!(world.parked().await.is_empty());
}

pub(crate) async fn what_is_not_parked_is_left_alone(world: &World) {
    let done = world.sent_and_run(complete()).await;
    let failed = world.sent_and_run(fail()).await;
    let canceled = world.send(debit(1)).await;
    world.store.cancel(&world.domain, &[canceled], "ada", "sent twice").await.unwrap();
    let running = world.send(debit(2)).await;
    world.delivery().await;
    let waiting = world.send(debit(3)).await;
    for (id, status) in [
        (done, CommandStatus::Completed),
        (failed, CommandStatus::Failed),
        (canceled, CommandStatus::Canceled),
        (running, CommandStatus::InProgress),
        (waiting, CommandStatus::Pending),
    ] {
        let events = world.events(id).await;
        for verb in [again(), OperatorVerb::Cancel, completed()] {
            assert_eq!(world.resolve(id, verb).await, Resolution::NotParked(status));
        }
        assert_eq!((world.status(id).await, world.events(id).await), (status, events));
    }
    assert_eq!(world.resolve(CommandId::new(), again()).await, Resolution::NotFound);
}

pub(crate) async fn of_two_operators_one_wins(world: &World) {
    let id = world.sent_and_run(park()).await;
    let (complete, cancel) = tokio::join!(world.resolve(id, completed()), world.resolve(id, OperatorVerb::Cancel));
    let status = world.status(id).await;
    let expected = if status == CommandStatus::Completed {
        (Resolution::Done, Resolution::NotParked(status))
    } else {
        (Resolution::NotParked(status), Resolution::Done)
    };
    assert_eq!((complete, cancel), expected);
    assert!(status.is_terminal());
    assert_eq!(world.events(id).await.len(), 4);
}

pub(crate) async fn a_group_answers_in_order_and_acts_once_on_each(world: &World) {
    let first = world.sent_and_run(park()).await;
    let second = world.sent_and_run(park()).await;
    let actions = [
        operator(second, completed()),
        operator(CommandId::new(), again()),
        operator(first, OperatorVerb::Cancel),
        operator(second, OperatorVerb::Cancel),
    ];
    let answers = world.store.resolve(&world.domain, &actions).await.unwrap();
    let expected =
        [Resolution::Done, Resolution::NotFound, Resolution::Done, Resolution::NotParked(CommandStatus::Completed)];
    assert_eq!(answers, expected);
    assert_eq!(world.status(first).await, CommandStatus::Canceled);
    assert_eq!(world.status(second).await, CommandStatus::Completed);
}
