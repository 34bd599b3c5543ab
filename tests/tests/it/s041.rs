//! S041: a batch is created with all its commands, or not at all.

use commandbus::{
    bus::BatchError,
    message::{BatchId, CommandId},
    prelude::*,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    house::{AtWork, DebitAccount, Does::Succeed, House, debit, recorder},
    support::PAYMENTS,
    time::soon,
};

/// How many commands go out in one statement.
const CHUNK: usize = 1_000;

async fn monthly_billing(house: &House) -> (BatchId, Vec<CommandId>) {
    let ids: Vec<CommandId> = (0..3).map(|_| CommandId::new()).collect();
    let commands = ids.iter().zip(1..).map(|(id, cents)| DebitAccount { cents, does: Succeed }.with_id(*id));
    let batch = DebitAccount::batch("Monthly billing run").extend(commands).send(&house.bus).await.unwrap();
    (batch.id(), ids)
}

#[tokio::test]
async fn s041_a_batch_row_is_inserted_with_its_counts() {
    let house = House::new().await;
    let (id, _) = monthly_billing(&house).await;

    let rows: Vec<Value> = house.column("select to_jsonb(b) from commandbus.batch b").await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["batch_id"], json!(id));
    assert_eq!((&row["domain"], &row["name"]), (&json!("payments"), &json!("Monthly billing run")));
    assert_eq!((&row["status"], &row["batch_type"]), (&json!("PENDING"), &json!("COMMAND")));
    assert_eq!(row["total_count"], 3);
    for count in ["completed_count", "failed_count", "canceled_count", "in_troubleshooting_count"] {
        assert_eq!(row[count], 0, "{count}");
    }
    for unset in ["custom_data", "started_at", "completed_at", "then_command"] {
        assert_eq!(row[unset], Value::Null, "{unset}");
    }
}

#[tokio::test]
async fn s041_the_commands_of_a_batch_bear_its_id() {
    let house = House::new().await;
    let (batch, ids) = monthly_billing(&house).await;

    let rows: Vec<Value> = house.column("select to_jsonb(c) from commandbus.command c order by command_id").await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    for (row, id) in rows.iter().zip(ids) {
        assert_eq!(row["command_id"], json!(id));
        assert_eq!(row["batch_id"], json!(batch));
        assert_eq!((&row["domain"], &row["queue_name"]), (&json!("payments"), &json!("payments__commands")));
        assert_eq!((&row["command_type"], &row["status"]), (&json!("DebitAccount"), &json!("PENDING")));
        assert_eq!(row["attempts"], 0);
    }
}

#[tokio::test]
async fn s041_each_command_of_a_batch_is_a_message_in_the_queue_of_its_domain() {
    let house = House::new().await;
    let (_, ids) = monthly_billing(&house).await;

    let messages: Vec<Value> = house
        .column(
            "select q.message from pgmq.q_payments__commands q
             join commandbus.command c on c.msg_id = q.msg_id and c.command_id::text = q.message->>'command_id'
             where q.vt <= clock_timestamp() order by q.msg_id",
        )
        .await;
    assert_eq!(messages.len(), 3, "{messages:?}");
    for ((message, id), cents) in messages.iter().zip(&ids).zip(1..) {
        assert_eq!(message["command_id"], json!(id));
        assert_eq!((&message["domain"], &message["command_type"]), (&json!("payments"), &json!("DebitAccount")));
        assert_eq!(message["data"], json!({"cents": cents, "does": "Succeed"}));
        assert!(message["correlation_id"].is_string());
        assert_eq!(message.get("reply_to"), None);
    }
}

#[tokio::test]
async fn s041_each_command_of_a_batch_is_audited_as_sent_with_the_batch() {
    let house = House::new().await;
    let (batch, ids) = monthly_billing(&house).await;

    let audited: Vec<Uuid> = house.column("select command_id from commandbus.audit order by command_id").await;
    assert_eq!(audited, ids.iter().map(CommandId::as_uuid).collect::<Vec<_>>());
    let sent: Vec<bool> = house
        .column(
            "select a.event_type = 'SENT' and a.details_json = jsonb_build_object(
                        'command_type', c.command_type, 'correlation_id', c.correlation_id, 'reply_to', null,
                        'msg_id', c.msg_id, 'batch_id', c.batch_id)
             from commandbus.audit a join commandbus.command c using (domain, command_id)",
        )
        .await;
    assert_eq!(sent, [true; 3]);
    assert_eq!(
        house.bus.audit().of_batch(&PAYMENTS, batch).await.unwrap(),
        [],
        "a batch's own trail begins at its start"
    );
}

#[tokio::test]
async fn s041_a_batch_is_created_by_one_transaction() {
    let house = House::new().await;
    monthly_billing(&house).await;

    let transactions: Vec<String> = house
        .column(
            "select xmin::text from commandbus.batch union select xmin::text from commandbus.command
             union select xmin::text from commandbus.audit union select xmin::text from pgmq.q_payments__commands",
        )
        .await;
    assert_eq!(transactions.len(), 1, "{transactions:?}");
}

#[tokio::test]
async fn s041_name_and_custom_data_are_stored() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Source {
        source: String,
        file_id: String,
    }
    let house = House::new().await;
    let source = Source { source: "csv".into(), file_id: "abc123".into() };

    let batch = DebitAccount::batch("Import job 12345")
        .custom_data(&source)
        .push(debit(Succeed))
        .send(&house.bus)
        .await
        .unwrap();

    let stored: Value = house.ask("select jsonb_build_array(name, custom_data) from commandbus.batch").await;
    assert_eq!(stored, json!(["Import job 12345", {"source": "csv", "file_id": "abc123"}]));
    let metadata = batch.metadata().await.unwrap();
    assert_eq!(metadata.custom_data_as::<Source>().unwrap().unwrap(), source);
}

#[tokio::test]
async fn s041_an_id_of_the_creators_choice_is_the_id_of_the_batch() {
    let house = House::new().await;
    let id = BatchId::new();

    let batch = DebitAccount::batch("Monthly billing").id(id).push(debit(Succeed)).send(&house.bus).await.unwrap();
    assert_eq!(batch.id(), id);
    assert_eq!(house.ask::<Uuid>("select batch_id from commandbus.batch").await, id.as_uuid());

    let again = DebitAccount::batch("Once more").id(id).push(debit(Succeed)).send(&house.bus).await.unwrap_err();
    assert!(matches!(again, BatchError::DuplicateBatch { id: taken, .. } if taken == id), "{again}");
    assert_eq!(house.tables().await, [1, 1, 1, 1]);
}

#[tokio::test]
async fn s041_a_callback_is_registered_in_memory_for_this_batch() {
    let house = House::new().await;
    let (callback, mut calls) = recorder();
    let (other_callback, mut other_calls) = recorder();

    let batch = DebitAccount::batch("Monthly billing")
        .push(debit(Succeed))
        .on_complete(callback)
        .send(&house.bus)
        .await
        .unwrap();
    let other =
        DebitAccount::batch("Another").push(debit(Succeed)).on_complete(other_callback).send(&house.bus).await.unwrap();

    let kept_by_the_database: bool =
        house.ask("select bool_or(then_command is not null or custom_data is not null) from commandbus.batch").await;
    assert!(!kept_by_the_database);
    other.pause().await.unwrap();
    let worker = AtWork::start(house.worker());
    assert_eq!(soon(calls.recv()).await.unwrap().batch_id, batch.id());
    assert_eq!(soon(calls.recv()).await, None, "it is called once");
    assert!(other_calls.try_recv().is_err());
    other.resume().await.unwrap();
    assert_eq!(soon(other_calls.recv()).await.unwrap().batch_id, other.id());
    worker.stop().await;
}

#[tokio::test]
async fn s041_an_empty_batch_is_refused() {
    let house = House::new().await;

    let nothing: [DebitAccount; 0] = [];
    let refused = DebitAccount::batch("Nothing to do").extend(nothing).send(&house.bus).await.unwrap_err();

    assert!(matches!(refused, BatchError::EmptyBatch));
    assert_eq!(refused.to_string(), "Batch must contain at least one command");
    assert_eq!(house.tables().await, [0, 0, 0, 0]);
}

/// Asserts that a batch of these commands is refused for this id alone, and that nothing is added to the tables.
async fn refused_for(house: &House, id: CommandId, ids: impl IntoIterator<Item = CommandId, IntoIter: Send>) {
    let before = house.tables().await;
    let commands = ids.into_iter().map(|id| debit(Succeed).with_id(id));

    let refused = DebitAccount::batch("Monthly billing").extend(commands).send(&house.bus).await.unwrap_err();

    match &refused {
        BatchError::DuplicateCommand { domain, ids } => assert_eq!((domain.as_str(), &**ids), ("payments", &[id][..])),
        other => panic!("{other}"),
    }
    assert!(refused.to_string().contains(&id.to_string()), "{refused}");
    assert_eq!(house.tables().await, before);
}

#[tokio::test]
async fn s041_a_command_id_twice_in_a_batch_refuses_it() {
    let house = House::new().await;
    let twice = CommandId::new();
    refused_for(&house, twice, [CommandId::new(), twice, CommandId::new(), twice]).await;
    assert_eq!(house.tables().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn s041_a_command_id_that_exists_refuses_the_batch_and_creates_no_other_command_of_it() {
    let house = House::new().await;
    let taken = debit(Succeed).send(&house.bus).await.unwrap().id();

    refused_for(&house, taken, [CommandId::new(), taken, CommandId::new()]).await;

    assert_eq!(house.tables().await, [1, 0, 1, 1]);
    let left: Value = house.ask("select jsonb_build_array(command_id, batch_id) from commandbus.command").await;
    assert_eq!(left, json!([taken, null]), "the one that was there before");
}

#[tokio::test]
async fn s041_a_command_id_that_exists_undoes_everything_that_was_written_before_it() {
    let house = House::new().await;
    let taken = debit(Succeed).send(&house.bus).await.unwrap().id();
    let before = (0..2 * CHUNK + 7).map(|_| CommandId::new());
    refused_for(&house, taken, before.chain([taken])).await;
}
