//! A batch of a hundred thousand: one transaction, little memory, exact at its end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use commandbus::{bus::Batch, handlers, message::BatchStatus, prelude::*};
use serde_json::{Value, json};

use crate::{
    house::{AtWork, House},
    time::until,
};

const MEMBERS: usize = 100_000;
/// What the writer takes off an iterator at a time, at most.
const CHUNK: usize = 20_000;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct Bill {
    account: usize,
}

#[handler]
async fn bill(bill: Bill) -> Result<(), Failure> {
    match bill.account % 100 {
        13 => Err(Failure::business_rule("NOTHING_DUE", "nothing is due")),
        _ => Ok(()),
    }
}

/// Creates the batch while somebody watches: nothing is seen before all of it is. Returns how far its iterator got ahead of
/// what was written.
async fn create(house: &House) -> (Batch, usize) {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let members = (0..MEMBERS).map(move |account| {
        counted.fetch_add(1, Ordering::SeqCst);
        Bill { account }
    });
    let creation = tokio::spawn(Bill::batch("Monthly billing").extend(members).send(&house.bus));
    let mut ahead = 0;
    while !creation.is_finished() {
        let made = made.load(Ordering::SeqCst);
        // The sequence moves as messages are written, whether or not they are committed.
        let drawn = "select case when is_called then last_value else 0 end from pgmq.q_payments__commands_msg_id_seq";
        let written = usize::try_from(house.ask::<i64>(drawn).await).unwrap();
        ahead = ahead.max(made.saturating_sub(written));
        // One statement sees one moment.
        let seen = "select array[(select count(*) from commandbus.batch), (select count(*) from commandbus.command),
                                 (select count(*) from commandbus.audit), (select count(*) from pgmq.q_payments__commands)]";
        let seen: Vec<i64> = house.ask(seen).await;
        let members = MEMBERS as i64;
        assert!(seen == [0; 4] || seen == [1, members, members, members], "{seen:?}");
    }
    assert_eq!(made.load(Ordering::SeqCst), MEMBERS);
    (creation.await.unwrap().unwrap(), ahead)
}

/// The stored counts of the one batch, and a recount from its commands.
async fn stored_and_recounted(house: &House) -> (Value, Value) {
    let counts = |of: &str| {
        format!(
            "jsonb_build_array({of}.completed_count, {of}.failed_count, {of}.canceled_count, {of}.in_troubleshooting_count)"
        )
    };
    let stored = house.ask(&format!("select {} from commandbus.batch b", counts("b"))).await;
    let recount = format!(
        "select {} from commandbus.batch b, commandbus.sp_refresh_batch_stats(b.domain, b.batch_id) s",
        counts("s")
    );
    (stored, house.ask(&recount).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_a_hundred_thousand_is_one_transaction_and_ends_exact() {
    let house = House::new().await;

    let (batch, ahead) = create(&house).await;
    assert!(ahead <= 2 * CHUNK, "{ahead} commands were in the sender's memory at once");
    let members = MEMBERS as i64;
    assert_eq!(house.tables().await, [members, 1, members, members]);

    let worker = AtWork::start(house.worker().handlers(handlers![bill]));
    until(async || batch.metadata().await.unwrap().status.is_terminal()).await;
    worker.stop().await;

    let (stored, recounted) = stored_and_recounted(&house).await;
    assert_eq!(stored, json!([MEMBERS - MEMBERS / 100, MEMBERS / 100, 0, 0]));
    assert_eq!(recounted, stored);
    let status: String = house.ask("select status from commandbus.batch").await;
    assert_eq!(status, BatchStatus::CompletedWithFailures.as_str());
    let left: i64 = house.ask("select count(*) from pgmq.q_payments__commands").await;
    assert_eq!(left, 0);
}
