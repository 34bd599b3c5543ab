//! A handler and its settlement in one transaction.
//!
//! The transaction commits only together with the settlement of the delivery it was begun for. In every other case it
//! is rolled back, and what went wrong is recorded by the ordinary lanes, in a transaction of their own.

use std::time::Duration;

use tokio::time::timeout;

use super::{
    engine::Engine,
    execution::{Conclusion, Execution, Following},
    settlement::Ending,
};
use crate::{
    error::{StoreError, bounded},
    handler::{Callable, HandlerEntry, Outcome},
    message::Failure,
    store::{
        Delivery, Settled, Settlement, Token, Verdict,
        postgres::{HandlerTransaction, PostgresStore},
    },
};

/// How much longer than the handler itself one of its statements may run, in the database.
const STATEMENT_MARGIN: Duration = Duration::from_millis(500);

/// Raised by `settle_commands` when the transaction is not the one that was begun for the delivery.
const ENDED_BY_HANDLER: &str = "CB002";

/// PostgreSQL: in_failed_sql_transaction.
const IN_FAILED_TRANSACTION: &str = "25P02";

/// The pause before a delivery whose transaction could not be begun comes again.
const BEGIN_AGAIN: Duration = Duration::from_secs(5);

/// How long a rollback is waited for. Beyond it the statement that holds it up is left to the connection's pool.
const ROLLBACK_PATIENCE: Duration = Duration::from_secs(1);

/// Calls the handler in a transaction, which is `begun` already where it follows another.
pub(super) async fn run(
    execution: &Execution<'_>,
    store: &PostgresStore,
    begun: Option<HandlerTransaction>,
) -> (Conclusion, Option<Following>) {
    let slot = &execution.context.inner.transaction;
    let settle = |verdict| (Conclusion::Settle(verdict), None);
    let begin = async {
        match begun {
            Some(transaction) => Ok(transaction),
            None => {
                let Beginning { token, idle, statement } =
                    Beginning::of(execution.engine, execution.entry, execution.delivery());
                bounded(lease_of(execution), "begin", store.begin_handler(token, idle, statement)).await
            }
        }
    };
    match begin.await {
        Ok(transaction) => slot.put(transaction),
        Err(error) => {
            tracing::warn!(%error, "the transaction of the handler could not be begun; the command is given back");
            return settle(execution.decide(Ending::Interrupted { after: BEGIN_AGAIN }));
        }
    }
    let ending = execution.call().await;
    let transaction = slot.take();
    let Ending::Returned(Outcome::Done(_)) = ending else {
        if let Some(transaction) = transaction {
            roll_back(transaction).await;
        }
        return settle(execution.decide(ending));
    };
    let Some(transaction) = transaction else {
        let ending = Ending::Unsettled(Failure::transient(
            "TX_NOT_RETURNED",
            "the handler returned, but its transaction did not come back: it was moved into a task that still runs, or \
             forgotten; nothing was committed",
        ));
        return settle(execution.decide(ending));
    };
    let verdict = execution.decide(ending);
    if !matches!(verdict, Verdict::Complete { .. }) {
        roll_back(transaction).await;
        return settle(verdict);
    }
    settle_within(execution, store, transaction, verdict).await
}

/// How long a call on the transaction may take.
fn lease_of(execution: &Execution<'_>) -> Duration {
    execution.engine.settings.lease
}

/// What a transaction is begun with.
struct Beginning {
    token: Token,
    idle: Duration,
    statement: Option<Duration>,
}

impl Beginning {
    fn of(engine: &Engine, entry: &HandlerEntry<Callable>, delivery: &Delivery) -> Self {
        let timeout = entry.command.timeout;
        Self {
            token: delivery.token,
            // A handler that may take long may also leave its connection alone for long.
            idle: engine.settings.transaction_idle.max(timeout.unwrap_or_default()),
            // A little later than ours, which says what it is.
            statement: timeout.map(|timeout| timeout + STATEMENT_MARGIN),
        }
    }
}

/// Settles in the handler's transaction and commits it.
async fn settle_within(
    execution: &Execution<'_>,
    store: &PostgresStore,
    mut transaction: HandlerTransaction,
    verdict: Verdict,
) -> (Conclusion, Option<Following>) {
    let engine = execution.engine;
    let settlement = Settlement { token: execution.delivery().token, verdict };
    if !engine.hand.settles_itself(settlement.token) {
        roll_back(transaction).await;
        return (Conclusion::Settle(settlement.verdict), None);
    }
    // On a connection that hangs neither would ever end, and the lease be renewed for it.
    let patience = lease_of(execution);
    let settling = store.settle_within(&mut transaction, &engine.domain, &settlement);
    let mut following = None;
    let ending = match bounded(patience, "settle_within", settling).await {
        Ok(Settled::Recorded) => {
            let committed;
            (committed, following) = commit(engine, store, transaction).await;
            match committed {
                Ok(()) => {
                    if execution.delivery().batch_id.is_some() {
                        engine.unfolded.notify_one();
                    }
                    return (Conclusion::Settled(settlement.verdict, Settled::Recorded), following);
                }
                Err(ending) => ending,
            }
        }
        Ok(Settled::Stale) => {
            roll_back(transaction).await;
            return (Conclusion::Settled(settlement.verdict, Settled::Stale), None);
        }
        Ok(Settled::Unsettleable) => {
            roll_back(transaction).await;
            Ending::Unsettleable(Failure::permanent("UNSETTLEABLE", "the result of the handler cannot be stored"))
        }
        Err(error) => {
            roll_back(transaction).await;
            settlement_failed(error)
        }
    };
    (Conclusion::Settle(execution.decide(ending)), following)
}

/// Commits, and where another delivery of this kind waits, begins its transaction in the same round trip.
async fn commit(
    engine: &Engine,
    store: &PostgresStore,
    transaction: HandlerTransaction,
) -> (Result<(), Ending>, Option<Following>) {
    let entry_of = |delivery: &Delivery| {
        let entry = engine.registry.find(&delivery.command_type)?;
        (entry.is_transactional() && delivery.version() <= entry.command.version).then_some(entry)
    };
    let turn = engine.hand.next_if(|delivery| entry_of(delivery).is_some());
    let beginning =
        turn.as_ref().and_then(|turn| Some(Beginning::of(engine, entry_of(&turn.delivery)?, &turn.delivery)));
    let committing = async {
        match beginning {
            Some(Beginning { token, idle, statement }) => {
                store.commit_and_begin_handler(transaction, token, idle, statement).await
            }
            None => transaction.commit().await.map(|()| None),
        }
    };
    let (committed, transaction) = match timeout(engine.settings.lease, committing).await {
        Ok(Ok(begun)) => (Ok(()), begun),
        Ok(Err(error)) => (Err(commit_failed(&error)), None),
        Err(_) => (Err(lost("no answer to the commit")), None),
    };
    (committed, turn.map(|turn| Following { turn, transaction }))
}

/// What it means that the handler's transaction did not take the settlement.
fn settlement_failed(error: StoreError) -> Ending {
    match error {
        StoreError::Data { code, message } => Ending::Unsettleable(Failure::permanent(code, message)),
        StoreError::Conflict { code } => Ending::Unsettled(Failure::transient(
            code,
            "the transaction of the handler was given up because of a conflicting one",
        )),
        StoreError::Database { source } => match sql_state(&source).as_deref() {
            Some(IN_FAILED_TRANSACTION) => Ending::Unsettled(Failure::transient(
                "TX_ABORTED",
                "a statement of the handler failed, and the handler returned normally all the same: nothing could be \
                 committed; pass the error on, or use a savepoint",
            )),
            Some(ENDED_BY_HANDLER) => Ending::Unsettled(Failure::permanent(
                "TX_ENDED_BY_HANDLER",
                "the handler ended its transaction itself, so that its writes and its settlement cannot commit together: \
                 leave COMMIT and ROLLBACK to the worker",
            )),
            Some(state) => Ending::Unsettled(Failure::transient(state.to_owned(), source.to_string())),
            None => lost(&source.to_string()),
        },
        other => lost(&other.to_string()),
    }
}

/// A commit that fails has been rolled back, or its fate is unknown because the connection was lost. Should it have
/// committed after all, the delivery is no longer current, and the failure recorded for it is refused as stale.
fn commit_failed(error: &sqlx::Error) -> Ending {
    match sql_state(error) {
        Some(state) => Ending::Unsettled(Failure::transient(state, error.to_string())),
        None => lost(&error.to_string()),
    }
}

fn lost(words: &str) -> Ending {
    Ending::Unsettled(Failure::transient("TX_LOST", format!("the connection of the transaction was lost: {words}")))
}

fn sql_state(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(|code| code.into_owned())
}

async fn roll_back(transaction: HandlerTransaction) {
    match timeout(ROLLBACK_PATIENCE, transaction.rollback()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the rollback failed; the server ends the transaction by itself"),
        Err(_) => tracing::debug!("the rollback waits for a statement that still runs"),
    }
}
