//! A domain on a database of one test, and short words for what the suites do with it.

use std::time::{Duration, Instant};

use commandbus::message::{BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, Failure};
use commandbus::store::postgres::PostgresStore;
use commandbus::store::{
    Acceptance, Delivery, NewBatch, NewCommand, OperatorAction, OperatorVerb, ParkReason, Received, Settled,
    Settlement, Start, Store, Token, Verdict,
};
use commandbus_tests::TestDatabase;
use serde_json::value::{RawValue, to_raw_value};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, Decode, PgConnection, PgPool, Postgres, Type};
use uuid::Uuid;

pub(crate) static PAYMENTS: Domain = Domain::from_static("payments");
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A migrated database, a store on it, and the domain `payments`.
pub(crate) struct Bench {
    pub(crate) store: PostgresStore,
    pub(crate) pool: PgPool,
    // Dropped last: the store's connections belong to it.
    pub(crate) database: TestDatabase,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new().await;
        let pool = database.pool().await;
        let store = PostgresStore::new(pool.clone());
        store.ensure_queues(&PAYMENTS, &[PAYMENTS.replies_queue()]).await.unwrap();
        Self { store, pool, database }
    }

    /// A store with connections of its own, as another process has it.
    pub(crate) async fn another_store(&self) -> PostgresStore {
        PostgresStore::new(self.database.pool().await)
    }

    // ---- sending -----------------------------------------------------------------------------------------------

    pub(crate) async fn send(&self, commands: &[NewCommand]) {
        let answers = self.store.send(&PAYMENTS, commands).await.unwrap();
        assert!(answers.iter().all(|answer| *answer == Acceptance::Sent), "{answers:?}");
    }

    /// Sends one command and returns its id.
    pub(crate) async fn sent(&self, attempts: u32) -> CommandId {
        let command = debit(attempts);
        self.send(std::slice::from_ref(&command)).await;
        command.command_id
    }

    /// Creates a batch of `size` commands and returns their ids in the order of their messages.
    pub(crate) async fn batch_of(&self, size: usize, then: Option<NewCommand>) -> (BatchId, Vec<CommandId>) {
        let batch = new_batch(then);
        let commands: Vec<NewCommand> = (0..size).map(|_| debit(3)).collect();
        let mut writer = self.store.begin_batch(batch.clone()).await.unwrap();
        writer.add(&commands).await.unwrap();
        writer.finish().await.unwrap().unwrap();
        (batch.batch_id, commands.iter().map(|command| command.command_id).collect())
    }

    // ---- working -----------------------------------------------------------------------------------------------

    pub(crate) async fn receive(&self) -> Received {
        self.store.receive(&PAYMENTS, 1000, LEASE).await.unwrap()
    }

    /// Receives what must be exactly one delivery.
    pub(crate) async fn received(&self) -> Delivery {
        let mut received = self.receive().await;
        assert_eq!(received.deliveries.len(), 1, "{received:?}");
        received.deliveries.remove(0)
    }

    pub(crate) async fn settle(&self, token: Token, verdict: Verdict) -> Settled {
        let settled = self.store.settle(&PAYMENTS, &[Settlement { token, verdict }]).await.unwrap();
        // As a worker does.
        if settled.unfolded {
            self.store.fold_batches(&PAYMENTS).await.unwrap();
        }
        settled.answers[0]
    }

    /// Sends a command and parks it.
    pub(crate) async fn parked(&self) -> CommandId {
        let id = self.sent(3).await;
        let delivery = self.received().await;
        assert_eq!(self.settle(delivery.token, park("NO_ACCOUNT")).await, Settled::Recorded);
        id
    }

    /// Every lease runs out now, and every pause is over.
    pub(crate) async fn expire_leases(&self) {
        self.run("update pgmq.q_payments__commands set vt = clock_timestamp() - interval '1 second'").await;
    }

    // ---- looking -----------------------------------------------------------------------------------------------

    pub(crate) async fn command(&self, id: CommandId) -> CommandMetadata {
        self.store.command(&PAYMENTS, id).await.unwrap().unwrap()
    }

    pub(crate) async fn batch(&self, id: BatchId) -> BatchMetadata {
        self.store.batches(&PAYMENTS, &[id]).await.unwrap().remove(0)
    }

    /// The audit trail of a command or batch, as the names of its events.
    pub(crate) async fn trail(&self, subject: Uuid) -> Vec<String> {
        self.store.audit(&PAYMENTS, subject).await.unwrap().into_iter().map(|event| event.event).collect()
    }

    /// How many messages wait, or are leased.
    pub(crate) async fn queued(&self) -> i64 {
        self.ask("select count(*) from pgmq.q_payments__commands").await
    }

    pub(crate) async fn archived(&self) -> i64 {
        self.ask("select count(*) from pgmq.a_payments__commands").await
    }

    pub(crate) async fn run(&self, sql: &str) {
        run(&self.pool, sql).await;
    }

    pub(crate) async fn ask<T>(&self, sql: &str) -> T
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        ask(&self.pool, sql).await
    }
}

/// Runs SQL of a test, of which there may be several statements.
pub(crate) async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(pool)
        .await
        .unwrap_or_else(|error| panic!("{error}, in: {sql}"));
}

/// The one value that SQL of a test selects.
pub(crate) async fn ask<T>(pool: &PgPool, sql: &str) -> T
where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
{
    query(sql)
        .try_map(|row: PgRow| sqlx::Row::try_get(&row, 0))
        .fetch_one(pool)
        .await
        .unwrap_or_else(|error| panic!("{error}, in: {sql}"))
}

/// Asks until the answer is yes; fails when it is not within any time that a busy machine may take.
pub(crate) async fn eventually(connection: &mut PgConnection, question: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !query(question)
        .try_map(|row: PgRow| sqlx::Row::try_get::<bool, _>(&row, 0))
        .fetch_one(&mut *connection)
        .await
        .unwrap()
    {
        assert!(Instant::now() < deadline, "waited in vain: {question}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What must hold of groups at every commit: their members have not ended; what has no turn is hidden, and nothing else;
/// where nobody has the turn, a receive will give it.
pub(crate) async fn assert_groups_are_sound(pool: &PgPool, domain: &Domain) {
    let faults: Vec<String> = column(
        pool,
        &format!(
            "select format('%s of %s/%s: %s', m.command_id, m.domain, m.group_key, f.fault)
         from commandbus.grouped_command m
         left join commandbus.command c on c.domain = m.domain and c.command_id = m.command_id
         left join pgmq.q_{domain}__commands q on q.msg_id = c.msg_id
         cross join lateral (values
             ('is no command', c.command_id is null),
             ('has ended', c.status in ('COMPLETED', 'FAILED', 'CANCELED')),
             ('has the turn, and no message', m.released and q.msg_id is null
                 and c.status <> 'IN_TROUBLESHOOTING_QUEUE'),
             ('has the turn, and is hidden', m.released and q.vt = commandbus.held_until()),
             ('has no turn, and is not hidden', not m.released
                 and q.vt is distinct from commandbus.held_until()),
             ('gets no turn', not m.released
                 and not exists (select from commandbus.group_due d
                                 where d.domain = m.domain and d.group_key = m.group_key)
                 and not exists (select from commandbus.grouped_command r
                                 where r.domain = m.domain and r.group_key = m.group_key and r.released))
         ) as f(fault, is_so)
         where m.domain = '{domain}' and f.is_so"
        ),
    )
    .await;
    assert_eq!(faults, Vec::<String>::new());
}

/// The first column of what SQL of a test selects.
pub(crate) async fn column<T>(pool: &PgPool, sql: &str) -> Vec<T>
where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
{
    query(sql)
        .try_map(|row: PgRow| sqlx::Row::try_get(&row, 0))
        .fetch_all(pool)
        .await
        .unwrap_or_else(|error| panic!("{error}, in: {sql}"))
}

fn query(sql: &str) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
}

/// A command with that many attempts.
pub(crate) fn debit(max_attempts: u32) -> NewCommand {
    NewCommand {
        command_id: CommandId::new(),
        command_type: "DebitAccount".into(),
        correlation_id: Uuid::now_v7(),
        data: json(&serde_json::json!({"account": 17, "cents": 950})),
        reply_to: None,
        max_attempts,
        start: Start::Now,
        headers: None,
    }
}

pub(crate) fn new_batch(then: Option<NewCommand>) -> NewBatch {
    NewBatch {
        domain: PAYMENTS.clone(),
        batch_id: BatchId::new(),
        batch_type: commandbus::message::BatchType::Command,
        name: Some("Monthly billing".to_owned()),
        custom_data: None,
        then: then.map(|command| (PAYMENTS.clone(), command)),
    }
}

pub(crate) fn json(value: &serde_json::Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

pub(crate) const fn complete() -> Verdict {
    Verdict::Complete { result: None, keep: false }
}

pub(crate) fn retry() -> Verdict {
    Verdict::Retry { failure: Failure::transient("BUSY", "the bank is busy"), after: Duration::from_secs(10) }
}

pub(crate) fn park(code: &'static str) -> Verdict {
    Verdict::Park { reason: ParkReason::Permanent, failure: Failure::permanent(code, "there is no such account") }
}

pub(crate) fn fail() -> Verdict {
    Verdict::Fail { failure: Failure::business_rule("CLOSED", "the account is closed"), keep: false }
}

pub(crate) const fn give_back() -> Verdict {
    Verdict::GiveBack { after: Duration::ZERO }
}

/// What an operator does, for a reason.
pub(crate) fn by_operator(command_id: CommandId, verb: OperatorVerb) -> OperatorAction {
    OperatorAction { command_id, operator: "ann".to_owned(), reason: Some("ticket 7".to_owned()), verb }
}
