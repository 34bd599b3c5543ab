//! Handlers whose writes and settlement commit together, and everything that can go wrong with that.

use std::{sync::Arc, time::Duration};

use commandbus::{
    bus::{BatchKind, CommandExt},
    handlers,
    message::{BatchStatus, CommandStatus},
    prelude::*,
};
use tokio::sync::Semaphore;

use crate::{house::AtWork, time::until, worker::House};

#[command(domain = "effects", timeout = "3s", backoff = "1h")]
#[derive(Clone, Serialize, Deserialize)]
struct Write {
    n: i32,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Then {
    Return,
    Fail,
    Refuse,
    Panic,
    Hang,
    HangInStatement,
    SwallowError,
    Forget,
    MoveIntoTask,
    Commit,
    CommitAndBegin,
    BreakDeferredConstraint,
    Wait,
}

/// Lets tests hold handlers, and what handlers left running.
#[derive(Clone)]
struct Gate(Arc<Semaphore>);

#[handler]
async fn write(Write { n, then }: Write, mut tx: Tx, State(Gate(gate)): State<Gate>) -> Result<(), Failure> {
    let failed = |error: sqlx::Error| Failure::transient("DATABASE", error.to_string());
    sqlx::query("insert into effect (n) values ($1)").bind(n).execute(&mut *tx).await.map_err(failed)?;
    match then {
        Then::Return => {}
        Then::Fail => return Err(Failure::transient("BUSY", "try again")),
        Then::Refuse => return Err(Failure::business_rule("NO_FUNDS", "no")),
        Then::Panic => panic!("half-way"),
        Then::Hang => std::future::pending().await,
        Then::HangInStatement => {
            sqlx::query("select pg_sleep(10)").execute(&mut *tx).await.map_err(failed)?;
        }
        Then::SwallowError => {
            let _ = sqlx::query("select 1 / 0").execute(&mut *tx).await;
        }
        Then::Forget => std::mem::forget(tx),
        Then::MoveIntoTask => {
            tokio::spawn(async move {
                let _permit = gate.acquire().await;
                drop(tx);
            });
        }
        Then::Commit => {
            sqlx::raw_sql("commit").execute(&mut *tx).await.map_err(failed)?;
        }
        Then::CommitAndBegin => {
            sqlx::raw_sql("commit; begin").execute(&mut *tx).await.map_err(failed)?;
        }
        Then::BreakDeferredConstraint => {
            sqlx::query("insert into effect (n) values ($1)").bind(n).execute(&mut *tx).await.map_err(failed)?;
        }
        Then::Wait => gate.acquire().await.expect("it stays open").forget(),
    }
    Ok(())
}

async fn at_work() -> (House, Gate, AtWork) {
    let house = House::new("effects").await;
    let gate = Gate(Arc::new(Semaphore::new(0)));
    let worker = house
        .worker(handlers![write])
        .provide(gate.clone())
        .concurrency(4)
        .transaction_idle_timeout(Duration::from_secs(1));
    (house, gate, AtWork::start(worker))
}

/// Sends one, waits for its first attempt, and compares: state, code, and whether the write is there.
async fn comes_to(then: Then, status: CommandStatus, code: Option<&str>, written: bool) {
    let (house, gate, worker) = at_work().await;
    let sent = Write { n: 1, then }.send(&house.bus).await.unwrap();
    let command = house.once_settled(sent.id()).await;
    assert_eq!((command.status, command.last_error_code.as_deref()), (status, code), "{:?}", command.last_error_msg);
    gate.0.add_permits(1);
    worker.stop().await;
    assert_eq!(house.effects().await, if written { vec![1] } else { vec![] });
}

#[tokio::test]
async fn writes_and_settlement_commit_together() {
    comes_to(Then::Return, CommandStatus::Completed, None, true).await;
}

#[tokio::test]
async fn an_error_rolls_back_and_is_an_ordinary_attempt() {
    comes_to(Then::Fail, CommandStatus::Pending, Some("BUSY"), false).await;
}

#[tokio::test]
async fn a_business_rule_rolls_back_and_ends_the_command() {
    comes_to(Then::Refuse, CommandStatus::Failed, Some("NO_FUNDS"), false).await;
}

#[tokio::test]
async fn a_panic_rolls_back() {
    comes_to(Then::Panic, CommandStatus::Pending, Some("PANIC"), false).await;
}

#[tokio::test]
async fn a_timeout_rolls_back() {
    comes_to(Then::Hang, CommandStatus::Pending, Some("TIMEOUT"), false).await;
}

#[tokio::test]
async fn a_timeout_within_a_statement_rolls_back() {
    comes_to(Then::HangInStatement, CommandStatus::Pending, Some("TIMEOUT"), false).await;
}

#[tokio::test]
async fn a_swallowed_error_is_transient() {
    comes_to(Then::SwallowError, CommandStatus::Pending, Some("TX_ABORTED"), false).await;
}

#[tokio::test]
async fn a_forgotten_transaction_commits_nothing() {
    comes_to(Then::Forget, CommandStatus::Pending, Some("TX_NOT_RETURNED"), false).await;
}

#[tokio::test]
async fn a_transaction_moved_into_a_task_commits_nothing() {
    comes_to(Then::MoveIntoTask, CommandStatus::Pending, Some("TX_NOT_RETURNED"), false).await;
}

#[tokio::test]
async fn a_commit_of_the_handlers_own_is_found_out() {
    comes_to(Then::Commit, CommandStatus::InTroubleshooting, Some("TX_ENDED_BY_HANDLER"), true).await;
    comes_to(Then::CommitAndBegin, CommandStatus::InTroubleshooting, Some("TX_ENDED_BY_HANDLER"), true).await;
}

#[tokio::test]
async fn a_deferred_constraint_that_fails_at_commit_is_transient() {
    comes_to(Then::BreakDeferredConstraint, CommandStatus::Pending, Some("23505"), false).await;
}

#[tokio::test]
async fn one_after_the_other_each_comes_to_its_own_end() {
    let (house, _gate, worker) = at_work().await;
    let all = [Then::Return, Then::BreakDeferredConstraint, Then::Fail, Then::Refuse, Then::SwallowError, Then::Commit];
    let many = (0..120).map(|n| Write { n, then: all[n as usize % all.len()] });
    let sent = house.bus.send_many(many).await.unwrap();
    for (sent, then) in sent.into_iter().zip(all.into_iter().cycle()) {
        let code = house.once_settled(sent.id()).await.last_error_code;
        let expected = match then {
            Then::Return => None,
            Then::BreakDeferredConstraint => Some("23505"),
            Then::Fail => Some("BUSY"),
            Then::Refuse => Some("NO_FUNDS"),
            Then::SwallowError => Some("TX_ABORTED"),
            _ => Some("TX_ENDED_BY_HANDLER"),
        };
        assert_eq!(code.as_deref(), expected);
    }
    worker.stop().await;
    let written: Vec<i32> =
        (0..120).filter(|n| matches!(all[*n as usize % all.len()], Then::Return | Then::Commit)).collect();
    assert_eq!(house.effects().await, written);
}

#[tokio::test]
async fn a_stale_delivery_rolls_back() {
    let (house, gate, worker) = at_work().await;
    // As many as may run, so that the worker does not receive the message again itself.
    let mut held = Vec::new();
    for n in 0..4 {
        held.push(Write { n, then: Then::Wait }.send(&house.bus).await.unwrap().id());
    }
    for id in &held {
        until(async || house.command(*id).await.status == CommandStatus::InProgress).await;
    }
    let command = house.command(held[0]).await;
    sqlx::query("update pgmq.q_effects__commands set vt = clock_timestamp() where msg_id = $1")
        .bind(command.msg_id)
        .execute(&house.pool)
        .await
        .unwrap();
    let elsewhere = house.bus.store().receive(&house.domain, 1, Duration::from_secs(60)).await.unwrap().deliveries;
    assert_eq!((elsewhere[0].token.command_id, elsewhere[0].attempt), (held[0], 2));

    gate.0.add_permits(4);
    for id in &held[1..] {
        assert_eq!(house.once_settled(*id).await.status, CommandStatus::Completed);
    }
    worker.stop().await;
    assert_eq!(house.effects().await, [1, 2, 3]);
    assert_eq!(house.command(held[0]).await.status, CommandStatus::InProgress, "the other delivery stands");
}

#[tokio::test]
async fn a_batch_of_them_ends_when_the_last_has_committed() {
    let (house, _gate, worker) = at_work().await;
    let members = (0..200).map(|n| Write { n, then: if n == 7 { Then::Refuse } else { Then::Return } });
    let batch = Write::batch("All of them").extend(members).send(&house.bus).await.unwrap();
    until(async || {
        let found = house.bus.store().batches(&house.domain, &[batch.id()]).await.unwrap();
        found[0].status.is_terminal()
    })
    .await;
    let ended = house.bus.store().batches(&house.domain, &[batch.id()]).await.unwrap().remove(0);
    assert_eq!(ended.status, BatchStatus::CompletedWithFailures);
    assert_eq!((ended.completed_count, ended.failed_count), (199, 1));
    assert_eq!(house.effects().await.len(), 199);
    worker.stop().await;
}
