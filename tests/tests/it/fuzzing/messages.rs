//! Messages that others put into a queue of commands.

use commandbus::store::{Settled, Settlement, Store};
use commandbus_tests::{OF_NOBODY, broken_rules, inputs, report};
use serde_json::{Map, Value, json};

use crate::support::{Bench, LEASE, PAYMENTS, column, complete, debit};

/// So many are in the queue at once.
const AT_ONCE: usize = 250;

/// Puts messages into the queue, some with headers, beside a command of ours.
async fn put(bench: &Bench, messages: &[(Value, Value)]) {
    let (bodies, headers): (Vec<Value>, Vec<Value>) = messages.iter().cloned().unzip();
    sqlx::query(
        "insert into pgmq.q_payments__commands (vt, message, headers)
         select clock_timestamp(), m.message, m.headers from unnest($1::jsonb[], $2::jsonb[]) as m(message, headers)",
    )
    .bind(bodies)
    .bind(headers)
    .execute(&bench.pool)
    .await
    .unwrap();
}

/// The message of a command that waits.
async fn of_a_command(bench: &Bench) -> Map<String, Value> {
    bench.sent(3).await;
    let newest = "select message from pgmq.q_payments__commands order by msg_id desc limit 1";
    match column::<Value>(&bench.pool, newest).await.remove(0) {
        Value::Object(message) => message,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn whatever_is_in_a_queue_is_received_or_put_aside_and_hinders_no_command() {
    let bench = Bench::new().await;
    let template = of_a_command(&bench).await;
    let (mut put_in, mut strays, mut delivered) = (0, 0, 1);
    let mut messages = Vec::new();
    let mut inputs = inputs(1_000).peekable();
    while let Some(mut input) = inputs.next() {
        let mut body = input.mutated_json(&template);
        // It is nobody's, whatever it looks like.
        if let Value::Object(fields) = &mut body {
            fields.insert(OF_NOBODY.to_owned(), json!(true));
        }
        let headers = if input.chance(50) { Value::Null } else { input.json(2) };
        messages.push((body, headers));
        if messages.len() < AT_ONCE && inputs.peek().is_some() {
            continue;
        }
        put(&bench, &messages).await;
        bench.send(&[debit(3), debit(3)]).await;
        delivered += 2;
        put_in += messages.len();
        messages.clear();
    }

    let mut settled = 0;
    loop {
        let received = bench.store.receive(&PAYMENTS, AT_ONCE, LEASE).await.unwrap();
        if received.deliveries.is_empty() && received.strays.is_empty() && received.parked.is_empty() {
            break;
        }
        strays += received.strays.len();
        let group: Vec<_> = received
            .deliveries
            .iter()
            .map(|delivery| Settlement { token: delivery.token, verdict: complete() })
            .collect();
        let answers = bench.store.settle(&PAYMENTS, &group).await.unwrap().answers;
        settled += answers.iter().filter(|answer| **answer == Settled::Recorded).count();
    }
    assert_eq!((settled, strays), (delivered, put_in));
    assert_eq!(bench.queued().await, 0);
    assert_eq!(broken_rules(&bench.pool, &[]).await.unwrap(), Vec::<String>::new());
    report(format_args!("{put_in} messages, all put aside; {settled} commands beside them"));
}
