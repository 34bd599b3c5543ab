//! One store with one domain, and short words for what the cases do with it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use commandbus::{
    message::{
        AuditEvent, BatchId, BatchMetadata, BatchStatus, BatchType, CommandId, CommandMetadata, CommandStatus, Domain,
        ProcessId, Reply,
    },
    store::{
        Acceptance, BatchWriter, CommandFilter, Delivery, NewBatch, NewCommand, OperatorAction, OperatorVerb, Page,
        Parked, ParkedFilter, Received, Resolution, Settled, Settlement, Store, Token, Verdict,
    },
};
use uuid::Uuid;

use crate::contract::harness::{Harness, Queued};

pub(crate) mod process;

/// How long a delivery is leased where a case does not say.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) domain: Domain,
    pub(crate) harness: Box<dyn Harness>,
    batches: Mutex<Vec<BatchId>>,
    process_batches: Mutex<Vec<BatchId>>,
    uncounted: Mutex<Vec<ProcessId>>,
}

impl World {
    pub(crate) async fn new(harness: Box<dyn Harness>) -> Self {
        let domain = Domain::from_static("payments");
        let store = harness.store();
        store.ensure_queues(&domain, &[domain.replies_queue()]).await.unwrap();
        Self {
            store,
            domain,
            harness,
            batches: Mutex::default(),
            process_batches: Mutex::default(),
            uncounted: Mutex::default(),
        }
    }

    // ---- sending

    pub(crate) async fn send(&self, command: NewCommand) -> CommandId {
        let answer = self.store.send(&self.domain, std::slice::from_ref(&command)).await.unwrap();
        assert_eq!(answer, [Acceptance::Sent]);
        command.command_id
    }

    pub(crate) fn new_batch(&self) -> NewBatch {
        let batch_id = BatchId::new();
        self.batches.lock().unwrap().push(batch_id);
        NewBatch {
            domain: self.domain.clone(),
            batch_id,
            batch_type: BatchType::Command,
            name: None,
            custom_data: None,
            then: None,
        }
    }

    /// Creates a batch in one chunk; `Err` are the duplicates.
    pub(crate) async fn create(&self, batch: NewBatch, commands: &[NewCommand]) -> Result<u32, Vec<CommandId>> {
        let mut writer: Box<dyn BatchWriter + '_> = self.store.begin_batch(batch).await.unwrap();
        writer.add(commands).await.unwrap();
        writer.finish().await.unwrap().map_err(|duplicates| duplicates.commands)
    }

    /// A batch of so many commands.
    pub(crate) async fn batch_of(&self, size: u32) -> (BatchId, Vec<CommandId>) {
        let (batch, commands) = (self.new_batch(), (0..size).map(debit).collect::<Vec<_>>());
        let batch_id = batch.batch_id;
        assert_eq!(self.create(batch, &commands).await, Ok(size));
        (batch_id, commands.iter().map(|command| command.command_id).collect())
    }

    // ---- working

    pub(crate) async fn receive(&self) -> Received {
        self.store.receive(&self.domain, 100, LEASE).await.unwrap()
    }

    /// Everything that can be received, in the order it was sent; nothing may be in the way.
    pub(crate) async fn deliveries(&self) -> Vec<Delivery> {
        let Received { mut deliveries, parked, strays, held } = self.receive().await;
        assert_eq!((parked, strays, held), (Vec::new(), Vec::new(), 0));
        deliveries.sort_by_key(|delivery| delivery.token.msg_id);
        deliveries
    }

    /// The only command that can be received.
    pub(crate) async fn delivery(&self) -> Delivery {
        let mut deliveries = self.deliveries().await;
        assert_eq!(deliveries.len(), 1, "{deliveries:?}");
        deliveries.remove(0)
    }

    pub(crate) async fn settle(&self, token: Token, verdict: Verdict) -> Settled {
        self.settle_all([(token, verdict)]).await[0]
    }

    pub(crate) async fn settle_all(&self, group: impl IntoIterator<Item = (Token, Verdict)>) -> Vec<Settled> {
        let group: Vec<Settlement> = group.into_iter().map(|(token, verdict)| Settlement { token, verdict }).collect();
        let settled = self.store.settle(&self.domain, &group).await.unwrap();
        // As a worker does.
        if settled.unfolded {
            self.store.fold_batches(&self.domain).await.unwrap();
        }
        assert_eq!(settled.answers.len(), group.len());
        settled.answers
    }

    /// Receives the only command there is and settles it.
    pub(crate) async fn run(&self, verdict: Verdict) -> Token {
        let token = self.delivery().await.token;
        assert_eq!(self.settle(token, verdict).await, Settled::Recorded);
        token
    }

    /// Sends a command and runs it.
    pub(crate) async fn sent_and_run(&self, verdict: Verdict) -> CommandId {
        let id = self.send(debit(100)).await;
        self.run(verdict).await;
        id
    }

    pub(crate) async fn pass_time(&self, duration: Duration) {
        self.harness.pass_time(duration).await;
    }

    pub(crate) async fn resolve(&self, command_id: CommandId, verb: OperatorVerb) -> Resolution {
        let action = operator(command_id, verb);
        self.store.resolve(&self.domain, &[action]).await.unwrap()[0]
    }

    // ---- asking

    pub(crate) async fn command(&self, id: CommandId) -> CommandMetadata {
        self.store.command(&self.domain, id).await.unwrap().expect("the command exists")
    }

    pub(crate) async fn status(&self, id: CommandId) -> CommandStatus {
        self.command(id).await.status
    }

    pub(crate) async fn batch(&self, id: BatchId) -> BatchMetadata {
        self.store.batches(&self.domain, &[id]).await.unwrap().pop().expect("the batch exists")
    }

    /// The status of a batch and its counts: completed, failed, canceled, parked.
    pub(crate) async fn counts(&self, id: BatchId) -> (BatchStatus, [u32; 4]) {
        let batch = self.batch(id).await;
        let counts = [batch.completed_count, batch.failed_count, batch.canceled_count, batch.in_troubleshooting_count];
        (batch.status, counts)
    }

    pub(crate) async fn audit(&self, subject: impl Into<Uuid>) -> Vec<AuditEvent> {
        self.store.audit(&self.domain, subject.into()).await.unwrap()
    }

    pub(crate) async fn events(&self, subject: impl Into<Uuid>) -> Vec<String> {
        self.audit(subject).await.into_iter().map(|event| event.event).collect()
    }

    pub(crate) async fn reply(&self, id: CommandId) -> Option<Reply> {
        self.store.replies(&self.domain, &[id]).await.unwrap().pop()
    }

    pub(crate) async fn parked(&self) -> Vec<Parked> {
        self.store.parked(&ParkedFilter::default(), Page::first(100)).await.unwrap()
    }

    /// The messages in the queue of the domain's commands.
    pub(crate) async fn waiting(&self) -> Vec<Queued> {
        self.harness.messages(&self.domain.commands_queue()).await
    }

    pub(crate) async fn archived(&self) -> Vec<i64> {
        self.harness.archived(&self.domain.commands_queue()).await
    }

    /// What must hold after every case: the counts of batches and processes, and the list of parked commands, repeat
    /// the rows.
    pub(crate) async fn check(&self) {
        let batches = self.batches.lock().unwrap().clone();
        for batch in self.store.batches(&self.domain, &batches).await.unwrap() {
            let mut filter = CommandFilter::default();
            filter.batch_id = Some(batch.batch_id);
            let members = self.store.commands(&filter, Page::first(10_000)).await.unwrap();
            let count = |status| members.iter().filter(|command| command.status == status).count() as u32;
            assert_eq!(batch.total_count, members.len() as u32);
            assert_eq!(batch.completed_count, count(CommandStatus::Completed));
            assert_eq!(batch.failed_count, count(CommandStatus::Failed));
            assert_eq!(batch.canceled_count, count(CommandStatus::Canceled));
            assert_eq!(batch.in_troubleshooting_count, count(CommandStatus::InTroubleshooting));
            assert_eq!(batch.status.is_terminal(), batch.ended_count() == batch.total_count);
            assert_eq!(batch.completed_at.is_some(), batch.status.is_terminal());
        }
        let mut filter = CommandFilter::default();
        filter.status = Some(CommandStatus::InTroubleshooting);
        let parked = self.store.commands(&filter, Page::first(10_000)).await.unwrap().len() as u64;
        assert_eq!(self.store.count_parked(&ParkedFilter::default()).await.unwrap(), parked);
        self.check_groups().await;
        self.check_processes().await;
    }

    /// The members of a group have not ended, and all but one wait for that one, which is parked or has a message.
    async fn check_groups(&self) {
        let commands = self.store.commands(&CommandFilter::default(), Page::first(10_000)).await.unwrap();
        let waiting: Vec<i64> = self.waiting().await.iter().map(|message| message.msg_id).collect();
        for command in &commands {
            assert!(command.group.is_none() || !command.status.is_terminal(), "{command:?}");
            let Some(head) = command.held_behind else { continue };
            assert_eq!((command.status, command.attempts), (CommandStatus::Pending, 0), "{command:?}");
            let head = commands.iter().find(|other| other.command_id == head).expect("the one it waits for exists");
            assert_eq!((&head.domain, &head.group, head.held_behind), (&command.domain, &command.group, None));
            let is_there = head.msg_id.is_some_and(|id| waiting.contains(&id));
            assert!(is_there || head.status == CommandStatus::InTroubleshooting, "{head:?}");
        }
        let mut heads: Vec<_> = commands
            .iter()
            .filter(|command| command.held_behind.is_none())
            .filter_map(|command| Some((&command.domain, command.group.as_ref()?)))
            .collect();
        heads.sort();
        assert!(heads.windows(2).all(|two| two[0] != two[1]), "two of one group may run: {heads:?}");
        self.harness.check_groups().await;
    }
}

/// A command to send.
pub(crate) fn debit(cents: u32) -> NewCommand {
    NewCommand {
        command_id: CommandId::new(),
        command_type: "DebitAccount".into(),
        correlation_id: Uuid::now_v7(),
        data: raw(serde_json::json!({ "cents": cents })),
        reply_to: None,
        max_attempts: 3,
        start: commandbus::store::Start::Now,
        headers: None,
    }
}

pub(crate) fn raw(value: serde_json::Value) -> Box<serde_json::value::RawValue> {
    serde_json::value::to_raw_value(&value).unwrap()
}

pub(crate) fn read(raw: &serde_json::value::RawValue) -> serde_json::Value {
    serde_json::from_str(raw.get()).unwrap()
}

pub(crate) fn operator(command_id: CommandId, verb: OperatorVerb) -> OperatorAction {
    OperatorAction { command_id, operator: "ada".into(), reason: Some("looked into it".into()), verb }
}
