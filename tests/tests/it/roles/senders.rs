//! Who may send to one domain, and do nothing else.

use std::time::Duration;

use commandbus::{
    bus::{BatchError, SendError},
    error::StoreError,
    message::{BatchStatus, CommandId, CommandStatus},
    ops::OpsError,
    prelude::*,
    store::{CommandFilter, Page, ParkedFilter},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::logins::{BILLING, FOR_THE_OWNER, Guarded};
use crate::{
    house::{AtWork, CloseMonth, DebitAccount, Does, Receipt, debit, recorder},
    processes::order::Order,
    support::{PAYMENTS, ask},
    time::soon,
};

fn is_not_permitted(error: &StoreError) -> bool {
    matches!(error, StoreError::NotPermitted { .. }) && error.to_string().contains("commandbus roles")
}

#[tokio::test]
async fn a_sender_sends_to_its_domain_in_every_way_and_gets_its_replies() {
    let guarded = Guarded::new().await;
    let sender = guarded.login(&["commandbus_send_payments"]).await;
    let bus = &sender.bus;
    let worker = AtWork::start(guarded.house.worker());

    let one = debit(Does::Succeed).send(bus).reply_to("payments__replies").await.unwrap();
    let receipt: Receipt = soon(one.reply()).await.unwrap();
    assert_eq!(receipt.cents, 950);
    let again = debit(Does::Succeed).send(bus).id(one.id()).await.unwrap_err();
    assert!(matches!(again, SendError::DuplicateCommand { .. }), "{again}");
    let seen = bus.commands().get(&PAYMENTS, one.id()).await.unwrap().unwrap();
    assert_eq!((seen.status, seen.reply_to.as_deref()), (CommandStatus::Completed, Some("payments__replies")));
    assert_eq!(bus.commands().get(&PAYMENTS, CommandId::new()).await.unwrap(), None);

    let refused = debit(Does::Refuse).send(bus).await.unwrap();
    assert!(soon(refused.reply()).await.unwrap_err().to_string().contains("insufficient funds"));
    let many = bus.send_many((0..500).map(|_| debit(Does::Succeed))).await.unwrap();
    assert_eq!(many.len(), 500);
    let mut transaction = sender.pool.begin().await.unwrap();
    let uncommitted = debit(Does::Succeed).send(bus).within(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    soon(uncommitted.committed().reply()).await.unwrap();

    worker.stop().await;
    guarded.end([sender]).await;
}

#[tokio::test]
async fn a_sender_creates_batches_and_hears_of_their_end() {
    let guarded = Guarded::new().await;
    let sender = guarded.login(&["commandbus_send_payments"]).await;
    let both = guarded.login(&["commandbus_send_payments", "commandbus_send_billing"]).await;
    let worker = AtWork::start(guarded.house.worker());
    let (callback, mut calls) = recorder();

    // As many as would be copied by a role that may.
    let batch = DebitAccount::batch("Monthly")
        .extend((0..700).map(|_| debit(Does::Succeed)))
        .on_complete(callback)
        .send(&sender.bus)
        .await
        .unwrap();
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!((ended.status, ended.total_count, ended.completed_count), (BatchStatus::Completed, 700, 700));
    assert_eq!(soon(calls.recv()).await.unwrap().batch_id, batch.id());

    // What is sent when it ends is sent with the rights of the worker, so it is asked for now.
    let then =
        || DebitAccount::batch("Monthly").push(debit(Does::Succeed)).then(CloseMonth { month: "2026-11".into() });
    let refused = then().send(&sender.bus).await.unwrap_err();
    assert!(matches!(&refused, BatchError::Store(error) if is_not_permitted(error)), "{refused}");
    let batch = then().send(&both.bus).await.unwrap();
    soon(batch.wait()).await.unwrap();
    let sent: i64 = guarded.house.ask("select count(*) from pgmq.q_billing__commands").await;
    assert_eq!(sent, 1);

    worker.stop().await;
    guarded.end([sender, both]).await;
}

#[tokio::test]
async fn what_a_sender_may_not_do_is_refused_in_words_that_say_what_to_grant() {
    let guarded = Guarded::new().await;
    let sender = guarded.login(&["commandbus_send_payments"]).await;
    let bus = &sender.bus;
    let known = debit(Does::Succeed).send(bus).await.unwrap().id();

    let elsewhere = CloseMonth { month: "2026-11".into() }.send(bus).await.unwrap_err().to_string();
    let expected = format!("role \"{}\" may not send to domain \"billing\"", sender.name);
    assert!(elsewhere.contains(&expected), "{elsewhere}");
    assert!(elsewhere.contains(&format!("grant commandbus_send_billing to {}", sender.name)), "{elsewhere}");
    for queue in ["billing__replies", "billing__commands", "payments__commands", "payments__process_replies", "x"] {
        let refused = debit(Does::Succeed).send(bus).reply_to(queue).await.unwrap_err();
        assert!(matches!(&refused, SendError::Store(error) if is_not_permitted(error)), "{queue}: {refused}");
    }
    let refusals: Vec<StoreError> = vec![
        bus.commands().list(&CommandFilter::default(), Page::first(1)).await.unwrap_err(),
        bus.commands().get(&BILLING, known).await.unwrap_err(),
        bus.troubleshooting().count(&ParkedFilter::default()).await.unwrap_err(),
        bus.audit().of_command(&PAYMENTS, known).await.unwrap_err(),
        bus.system().queues().await.unwrap_err(),
        bus.batches().get(&BILLING, commandbus::message::BatchId::new()).await.unwrap_err(),
    ];
    assert!(refusals.iter().all(is_not_permitted), "{refusals:#?}");
    let verbs: Vec<OpsError> = vec![
        bus.commands().cancel(&PAYMENTS, known, "ada", "no need").await.unwrap_err(),
        bus.troubleshooting().by("ada").retry(&PAYMENTS, known).await.unwrap_err(),
        bus.system().pause(&PAYMENTS, "ada", None).await.unwrap_err(),
    ];
    assert!(
        verbs.iter().all(|refused| matches!(refused, OpsError::Store(error) if is_not_permitted(error))),
        "{verbs:#?}"
    );
    let started = Order::default().start(bus).await.unwrap_err().to_string();
    assert!(started.contains("may not"), "{started}");
    let worker = soon(guarded.house.worker_on(bus).build().unwrap().run()).await.unwrap_err().to_string();
    assert!(worker.contains("may not do that"), "{worker}");

    guarded.end([sender]).await;
}

#[tokio::test]
async fn a_sender_can_neither_read_nor_write_a_table_nor_call_what_is_within() {
    let guarded = Guarded::new().await;
    let sender = guarded.login(&["commandbus_send_payments"]).await;
    debit(Does::Succeed).send(&sender.bus).await.unwrap();
    let tables: Vec<String> = guarded
        .house
        .column(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname in ('commandbus', 'pgmq') and c.relkind in ('r', 'p')
               and c.oid <> 'commandbus.schema_migrations'::regclass",
        )
        .await;
    assert!(tables.len() > 25, "{tables:?}");
    for table in &tables {
        sender.is_refused(&[&format!("select * from {table}"), &format!("delete from {table}")]).await;
    }
    sender.is_refused(&["select * from commandbus.batch_status", "select * from commandbus.command_end"]).await;
    sender.is_refused(FOR_THE_OWNER).await;
    sender
        .is_refused(&[
            "insert into commandbus.command select",
            "select commandbus.send_commands('payments', array[gen_random_uuid()], '{X}', array[gen_random_uuid()], '{\"{}\"}',
                                             null, null, '{1}', null, null)",
            "select commandbus.open_batch('payments', gen_random_uuid(), 'x', null, null)",
            "select * from commandbus.receive_commands('payments', 10, 30)",
            "select commandbus.fold_batches('payments')",
            "select commandbus.set_paused('payments', null, true)",
            "select * from commandbus.cancel_commands('payments', '{}', 'x', 'y'), commandbus.diagnose()",
            "select pgmq.send('payments__commands', '{}')",
            "set role commandbus_send_billing",
            "set role commandbus_worker",
            "set session authorization postgres",
            // The procedures for senders, about another domain.
            "select commandbus.sender_send_commands('billing', array[gen_random_uuid()], '{X}', array[gen_random_uuid()],
                                                    '{\"{}\"}', null, null, '{1}', null, null)",
            "select commandbus.sender_send_commands('payments', array[gen_random_uuid()], '{X}', array[gen_random_uuid()],
                                                    '{\"{}\"}', null, '{billing__replies}', '{1}', null, null)",
            "select commandbus.sender_open_batch('billing', gen_random_uuid(), 'x', null, null)",
            "select commandbus.sender_open_batch('payments', gen_random_uuid(), 'x', null, null, 'PROCESS', 3)",
            "select commandbus.sender_open_batch('payments', gen_random_uuid(), 'x', null, '{\"domain\": \"billing\"}')",
            "select commandbus.sender_open_batch('payments', gen_random_uuid(), 'x', null, '{}')",
            "select commandbus.sender_close_batch('billing', gen_random_uuid(), 1)",
            "select commandbus.sender_replies('billing', '{}')",
            "select commandbus.sender_commands('billing', '{}')",
            "select commandbus.sender_batches('billing', '{}')",
            "select commandbus.sender_missing_queue('billing', '{}')",
            "select commandbus.sender_missing_queue('payments', '{anything}')",
            // Names that are no domains, and would be read as something else.
            "select commandbus.sender_replies('Payments', '{}')",
            "select commandbus.sender_replies('payments\" or true --', '{}')",
            "select commandbus.sender_replies('', '{}')",
            "select commandbus.sender_replies(null, '{}')",
        ])
        .await;
    guarded.end([sender]).await;
}

#[tokio::test]
async fn a_message_says_what_its_row_says_whatever_the_sender_wrote_into_it() {
    let guarded = Guarded::new().await;
    let sender = guarded.login(&["commandbus_send_payments"]).await;
    let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
    let forged = json!({ "domain": "billing", "command_type": "CloseMonth", "command_id": other, "correlation_id": other,
                         "reply_to": "billing__process_replies", "data": { "cents": 1, "does": "Succeed" }, "more": 1 });

    sqlx::query(
        "select commandbus.sender_send_commands('payments', array[$1], array['DebitAccount'], array[$1], array[$2], null, null,
                                                '{3}', null, null)",
    )
    .bind(id)
    .bind(forged)
    .execute(&sender.pool)
    .await
    .unwrap();

    let message: Value = ask(&guarded.house.pool, "select message from pgmq.q_payments__commands").await;
    let expected = json!({ "domain": "payments", "command_type": "DebitAccount", "command_id": id, "correlation_id": id,
                           "data": { "cents": 1, "does": "Succeed" } });
    assert_eq!(message, expected);
    let worker = AtWork::start(guarded.house.worker());
    guarded.house.until_status(CommandId::from_uuid(id), CommandStatus::Completed).await;
    worker.stop().await;
    guarded.end([sender]).await;
}

#[tokio::test]
async fn a_batch_that_is_closed_takes_no_more_and_its_total_is_what_was_sent() {
    let guarded = Guarded::new().await;
    let sender = guarded.login(&["commandbus_send_payments"]).await;
    let closed = DebitAccount::batch("Monthly").push(debit(Does::Succeed)).send(&guarded.house.bus).await.unwrap().id();
    let join = |batch: &str| {
        format!(
            "select commandbus.sender_send_commands('payments', array[gen_random_uuid()], '{{X}}', array[gen_random_uuid()],
                                                    '{{\"{{}}\"}}', null, null, '{{1}}', null, null, '{batch}')"
        )
    };
    let open = Uuid::now_v7();
    let opening = format!("begin; select commandbus.sender_open_batch('payments', '{open}', 'x', null, null)");
    let closing = |total| format!("select commandbus.sender_close_batch('payments', '{open}', {total})");

    assert_eq!(sender.tries(&join(&closed.to_string())).await.as_deref(), Some("55000"));
    let reclose = format!("select commandbus.sender_close_batch('payments', '{closed}', 7)");
    assert_eq!(sender.tries(&reclose).await.as_deref(), Some("55000"));
    let lie = format!("{opening}; {}; {}", join(&open.to_string()), closing(2));
    assert_eq!(sender.tries(&lie).await.as_deref(), Some("22023"));
    assert_eq!(sender.tries(&format!("{opening}; {}", closing(0))).await.as_deref(), Some("22023"));
    let incomplete =
        "select commandbus.sender_open_batch('payments', gen_random_uuid(), 'x', null, '{\"domain\": \"payments\"}')";
    assert_eq!(sender.tries(incomplete).await.as_deref(), Some("22023"));
    let well = format!("{opening}; {}; {}", join(&open.to_string()), closing(1));
    assert_eq!(sender.tries(&well).await, None);

    guarded.end([sender]).await;
}

#[tokio::test]
async fn a_queue_that_is_missing_is_told_to_a_sender_as_to_anybody() {
    let guarded = Guarded::new().await;
    let sender = guarded.login(&["commandbus_send_payments"]).await;
    guarded.house.run("select pgmq.drop_queue('payments__replies')").await;

    let refused = debit(Does::Succeed).send(&sender.bus).await.unwrap_err().to_string();

    assert!(refused.ends_with("run `commandbus migrate --domain payments`"), "{refused}");
    guarded.house.run("select commandbus.ensure_queue('payments__replies')").await;
    let sent = debit(Does::Succeed).send(&sender.bus).await.unwrap();
    let timeout = sent.reply().timeout(Duration::from_millis(50)).await.unwrap_err();
    assert!(timeout.to_string().contains("has not ended"), "{timeout}");
    guarded.end([sender]).await;
}
