//! A database with a bus, and short words for filling it.

use commandbus::{
    bus::{Bus, UntypedCommand},
    message::{BatchId, CommandId, Domain, Failure},
    prelude::*,
    store::{NewCommand, ParkReason, Settlement, Start, Verdict},
};
use commandbus_tests::TestDatabase;
use serde_json::{Value, json, value::to_raw_value};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) static PAYMENTS: Domain = Domain::from_static("payments");
const LEASE: std::time::Duration = std::time::Duration::from_secs(30);

/// A command with something to hide.
#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
pub(crate) struct ChargeCard {
    pub(crate) cents: u32,
    #[command(sensitive)]
    pub(crate) card: String,
}

#[command(domain = "reporting")]
#[derive(Serialize, Deserialize)]
pub(crate) struct BuildReport {
    pub(crate) page: u32,
}

#[handler]
async fn build_report(report: BuildReport) -> Result<(), Failure> {
    if report.page == 13 { Err(Failure::business_rule("UNLUCKY", "no such page")) } else { Ok(()) }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    page: u32,
}

#[process(domain = "reporting", steps = [build])]
impl Report {
    fn build(&self) -> BuildReport {
        BuildReport { page: self.page }
    }
}

pub(crate) struct House {
    pub(crate) bus: Bus,
    pub(crate) pool: PgPool,
    pub(crate) database: TestDatabase,
}

impl House {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new().await;
        let pool = database.pool().await;
        let bus = Bus::new(pool.clone());
        bus.system().ensure_queues(&PAYMENTS).await.unwrap();
        Self { bus, pool, database }
    }

    pub(crate) async fn send(&self, data: Value) -> CommandId {
        self.bus.send_untyped(UntypedCommand::new(PAYMENTS.clone(), "DebitAccount", data)).await.unwrap().id()
    }

    /// Settles everything that can be received.
    pub(crate) async fn settle(&self, verdict: impl Fn() -> Verdict) -> usize {
        let received = self.bus.store().receive(&PAYMENTS, 2_000, LEASE).await.unwrap();
        let group: Vec<_> = received
            .deliveries
            .iter()
            .map(|delivery| Settlement { token: delivery.token, verdict: verdict() })
            .collect();
        self.bus.store().settle(&PAYMENTS, &group).await.unwrap();
        group.len()
    }

    /// Parks so many commands with this code.
    pub(crate) async fn parked(&self, count: usize, code: &'static str) -> Vec<CommandId> {
        let commands: Vec<NewCommand> = (0..count).map(|_| debit()).collect();
        self.bus.store().send(&PAYMENTS, &commands).await.unwrap();
        let settled = self.settle(|| park(code)).await;
        assert_eq!(settled, count);
        commands.iter().map(|command| command.command_id).collect()
    }

    pub(crate) async fn batch_of(&self, size: usize) -> BatchId {
        let batch = commandbus::store::NewBatch {
            domain: PAYMENTS.clone(),
            batch_id: BatchId::new(),
            batch_type: commandbus::message::BatchType::Command,
            name: Some("Monthly billing".to_owned()),
            custom_data: None,
            then: None,
        };
        let id = batch.batch_id;
        let mut writer = self.bus.store().begin_batch(batch).await.unwrap();
        writer.add(&(0..size).map(|_| debit()).collect::<Vec<_>>()).await.unwrap();
        writer.finish().await.unwrap().unwrap();
        id
    }

    pub(crate) async fn status(&self, id: CommandId) -> String {
        self.bus.commands().get(&PAYMENTS, id).await.unwrap().unwrap().status.to_string()
    }

    pub(crate) async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }
}

fn debit() -> NewCommand {
    NewCommand {
        command_id: CommandId::new(),
        command_type: "DebitAccount".into(),
        correlation_id: Uuid::now_v7(),
        data: to_raw_value(&json!({ "cents": 5 })).unwrap(),
        reply_to: None,
        max_attempts: 3,
        start: Start::Now,
        headers: None,
    }
}

pub(crate) fn complete() -> Verdict {
    Verdict::Complete { result: None, keep: false }
}

pub(crate) fn park(code: &'static str) -> Verdict {
    Verdict::Park { reason: ParkReason::Permanent, failure: Failure::permanent(code, "there is no such account") }
}
