//! Short words for what the cases do with processes.

use std::{collections::HashMap, time::Duration};

use commandbus::{
    message::{
        BatchId, BatchMetadata, BatchStatus, BatchType, CommandId, CommandStatus, Domain, Outcome, ProcessId,
        ProcessMetadata, ProcessStatus, Reply, SentStep, StepRole,
    },
    store::{
        Acceptance, Duplicates, Moved, NewBatch, NewProcess, NewStep, Page, ParkedReply, ProcessFilter, ProcessMove,
        ProcessRecord, ProcessStore, ReceivedReply, ReplyAside, ReplyFate, RoutingWork, Settled, StepAnswer, Verdict,
    },
};
use serde_json::{Value, json};

use super::{LEASE, World, debit, raw, read};
use crate::contract::verdicts::complete;

/// The domain that keeps the processes; their steps go to the domain of the world.
pub(crate) static TRANSFERS: Domain = Domain::from_static("transfers");

impl World {
    pub(crate) fn processes(&self) -> &dyn ProcessStore {
        self.store.processes()
    }

    // ---- starting

    pub(crate) async fn start(&self, process: NewProcess) -> ProcessId {
        assert_eq!(self.start_all(std::slice::from_ref(&process), None).await, [Acceptance::Sent]);
        process.process_id
    }

    pub(crate) async fn start_in(&self, batch: BatchId, process: NewProcess) -> ProcessId {
        assert_eq!(self.start_all(std::slice::from_ref(&process), Some(batch)).await, [Acceptance::Sent]);
        process.process_id
    }

    pub(crate) async fn start_all(&self, processes: &[NewProcess], batch: Option<BatchId>) -> Vec<Acceptance> {
        self.processes().start(&TRANSFERS, processes, batch).await.unwrap()
    }

    /// A process that waits for a debit.
    pub(crate) async fn started(&self) -> ProcessId {
        self.start(transfer(&["debit"])).await
    }

    /// Says that a process does not take part in the counts of the batch it names.
    pub(crate) fn not_counted(&self, id: ProcessId) {
        self.uncounted.lock().unwrap().push(id);
    }

    pub(crate) fn new_process_batch(&self) -> NewBatch {
        let batch_id = BatchId::new();
        self.process_batches.lock().unwrap().push(batch_id);
        NewBatch {
            domain: TRANSFERS.clone(),
            batch_id,
            batch_type: BatchType::Process,
            name: None,
            custom_data: None,
            then: None,
        }
    }

    /// Creates a batch filled with these processes.
    pub(crate) async fn fill(&self, batch: NewBatch, processes: &[NewProcess]) -> Result<u32, Duplicates> {
        let mut writer = self.store.begin_batch(batch).await.unwrap();
        writer.add_processes(processes).await.unwrap();
        writer.finish().await.unwrap()
    }

    /// A batch filled with so many processes that each wait for a debit.
    pub(crate) async fn process_batch_of(&self, size: u32) -> (BatchId, Vec<ProcessId>) {
        let batch = self.new_process_batch();
        let batch_id = batch.batch_id;
        let processes: Vec<_> = (0..size).map(|_| transfer(&["debit"])).collect();
        assert_eq!(self.fill(batch, &processes).await, Ok(size));
        (batch_id, processes.iter().map(|process| process.process_id).collect())
    }

    /// A batch that starts will fill.
    pub(crate) async fn process_batch_for(&self, total: u32) -> BatchId {
        let batch = self.new_process_batch();
        let batch_id = batch.batch_id;
        self.processes().create_batch(batch, total).await.unwrap();
        batch_id
    }

    // ---- routing

    pub(crate) async fn routing(&self) -> RoutingWork {
        self.processes().receive_replies(&TRANSFERS, 100, LEASE).await.unwrap()
    }

    /// Every reply that can be received, in the order they were sent.
    pub(crate) async fn process_replies(&self) -> Vec<ReceivedReply> {
        let mut replies = self.routing().await.replies;
        replies.sort_by_key(|reply| reply.msg_id);
        replies
    }

    /// The only reply that can be received.
    pub(crate) async fn process_reply(&self) -> ReceivedReply {
        let mut replies = self.process_replies().await;
        assert_eq!(replies.len(), 1, "{replies:?}");
        replies.remove(0)
    }

    pub(crate) async fn due(&self) -> Vec<ProcessId> {
        self.routing().await.due
    }

    /// Settles everything that can be received in one group.
    pub(crate) async fn run_all(&self, verdict: impl Fn() -> Verdict) {
        let tokens: Vec<_> = self.deliveries().await.iter().map(|delivery| delivery.token).collect();
        let answers = self.settle_all(tokens.into_iter().map(|token| (token, verdict()))).await;
        assert!(answers.iter().all(|answer| *answer == Settled::Recorded), "{answers:?}");
    }

    pub(crate) async fn load(&self, id: ProcessId) -> ProcessRecord {
        self.processes().load(&TRANSFERS, &[id]).await.unwrap().pop().expect("the process exists")
    }

    /// A move from where a process is that leaves everything but its status as it is.
    pub(crate) async fn move_to(&self, id: ProcessId, status: ProcessStatus) -> ProcessMove {
        let record = self.load(id).await;
        ProcessMove {
            process_id: id,
            revision: record.revision,
            status,
            current_step: self.find(id).await.current_step.map(Into::into),
            state: record.state,
            cause: record.cause,
            ends_as: record.ends_as,
            answers: Vec::new(),
            steps: Vec::new(),
            look_again: None,
        }
    }

    pub(crate) async fn advance(&self, one: ProcessMove) -> Moved {
        self.advance_all(&[one]).await[0]
    }

    pub(crate) async fn advance_all(&self, moves: &[ProcessMove]) -> Vec<Moved> {
        let answers = self.processes().advance(&TRANSFERS, moves).await.unwrap();
        assert_eq!(answers.len(), moves.len());
        answers
    }

    /// Takes in every reply to one process that can be received, and moves it on.
    pub(crate) async fn take_in(&self, id: ProcessId, status: ProcessStatus, steps: Vec<NewStep>) {
        let replies = self.process_replies().await;
        let own = replies.iter().filter(|reply| read_reply(reply).correlation_id == Some(id.as_uuid()));
        let answers: Vec<_> = own.map(answer).collect();
        assert!(!answers.is_empty(), "no reply to {id}");
        let one = ProcessMove { answers, steps, ..self.move_to(id, status).await };
        assert_eq!(self.advance(one).await, Moved::Recorded);
    }

    /// Runs the steps of all processes, and ends each of them like this, in one group.
    pub(crate) async fn end_all(&self, ends: &[(ProcessId, ProcessStatus)]) {
        self.run_all(complete).await;
        let replies = self.process_replies().await;
        let mut moves = Vec::new();
        for (id, status) in ends {
            let own = replies.iter().filter(|reply| read_reply(reply).correlation_id == Some(id.as_uuid()));
            moves.push(ProcessMove { answers: own.map(answer).collect(), ..self.move_to(*id, *status).await });
        }
        let answers = self.advance_all(&moves).await;
        assert!(answers.iter().all(|answer| *answer == Moved::Recorded), "{answers:?}");
    }

    pub(crate) async fn set_aside(&self, msg_id: i64, id: ProcessId, fate: ReplyFate) {
        let command_id = self.sent_steps(id).await.first().map(|step| step.command_id);
        let aside = ReplyAside { msg_id, process_id: Some(id), command_id, fate };
        self.processes().set_aside(&TRANSFERS, &[aside]).await.unwrap();
    }

    /// Runs the only command there is, and parks its reply.
    pub(crate) async fn reply_parked(&self, id: ProcessId) -> ParkedReply {
        self.run(complete()).await;
        let msg_id = self.process_reply().await.msg_id;
        self.set_aside(msg_id, id, parked_as("UNDECODABLE")).await;
        self.parked_replies().await.pop().expect("it was parked")
    }

    // ---- asking

    pub(crate) async fn find(&self, id: ProcessId) -> ProcessMetadata {
        self.processes().find(&TRANSFERS, id).await.unwrap().expect("the process exists")
    }

    /// The status of a process, and how much of it is parked.
    pub(crate) async fn standing(&self, id: ProcessId) -> (ProcessStatus, u32) {
        let process = self.find(id).await;
        (process.status, process.parked_count)
    }

    pub(crate) async fn sent_steps(&self, id: ProcessId) -> Vec<SentStep> {
        self.processes().steps(&TRANSFERS, id).await.unwrap()
    }

    /// The commands that a process sent, in order.
    pub(crate) async fn step_commands(&self, id: ProcessId) -> Vec<CommandId> {
        self.sent_steps(id).await.iter().map(|step| step.command_id).collect()
    }

    pub(crate) async fn parked_replies(&self) -> Vec<ParkedReply> {
        self.processes().parked_replies(&TRANSFERS, Page::first(100)).await.unwrap()
    }

    /// The numbers of the messages in the queue of process replies.
    pub(crate) async fn queued_replies(&self) -> Vec<i64> {
        let messages = self.harness.messages(&TRANSFERS.process_replies_queue()).await;
        messages.iter().map(|message| message.msg_id).collect()
    }

    pub(crate) async fn archived_replies(&self) -> Vec<i64> {
        self.harness.archived(&TRANSFERS.process_replies_queue()).await
    }

    pub(crate) async fn process_batch(&self, id: BatchId) -> BatchMetadata {
        self.store.batches(&TRANSFERS, &[id]).await.unwrap().pop().expect("the batch exists")
    }

    /// The status of a process batch and its counts: completed, canceled, blocked.
    pub(crate) async fn process_counts(&self, id: BatchId) -> (BatchStatus, [u32; 3]) {
        let batch = self.process_batch(id).await;
        assert_eq!(batch.failed_count, 0, "processes are counted as completed or as canceled");
        (batch.status, [batch.completed_count, batch.canceled_count, batch.in_troubleshooting_count])
    }

    pub(crate) async fn process_batch_events(&self, id: BatchId) -> Vec<String> {
        let audit = self.store.audit(&TRANSFERS, id.as_uuid()).await.unwrap();
        audit.into_iter().map(|event| event.event).collect()
    }

    // ---- checking

    /// Every process says of itself what its steps say, and every process batch what its processes say.
    pub(super) async fn check_processes(&self) {
        let all = self.processes().list(&ProcessFilter::default(), Page::first(10_000)).await.unwrap();
        for process in &all {
            self.check_process(process).await;
        }
        let uncounted = self.uncounted.lock().unwrap().clone();
        let batches = self.process_batches.lock().unwrap().clone();
        for batch in self.store.batches(&TRANSFERS, &batches).await.unwrap() {
            let members = all.iter().filter(|process| process.batch_id == Some(batch.batch_id));
            let counted: Vec<_> = members.filter(|process| !uncounted.contains(&process.process_id)).collect();
            assert!(counted.len() as u32 <= batch.total_count);
            let mut statuses: HashMap<ProcessStatus, u32> = HashMap::new();
            counted.iter().for_each(|process| *statuses.entry(process.status).or_default() += 1);
            let count = |status| statuses.get(&status).copied().unwrap_or_default();
            let completed = count(ProcessStatus::Completed) + count(ProcessStatus::Compensated);
            let canceled = count(ProcessStatus::Canceled) + count(ProcessStatus::Failed);
            let blocked = counted.iter().filter(|process| process.parked_count > 0).count() as u32;
            assert_eq!((batch.completed_count, batch.canceled_count), (completed, canceled));
            assert_eq!((batch.failed_count, batch.in_troubleshooting_count), (0, blocked));
            assert_eq!(batch.status == BatchStatus::Pending, counted.is_empty());
            assert_eq!(batch.status.is_terminal(), batch.ended_count() == batch.total_count);
            assert_eq!(batch.completed_at.is_some(), batch.status.is_terminal());
        }
    }

    async fn check_process(&self, process: &ProcessMetadata) {
        let (domain, id, status) = (&process.domain, process.process_id, process.status);
        let steps = self.processes().steps(domain, id).await.unwrap();
        let mut parked = 0;
        for step in steps.iter().filter(|step| step.outcome.is_none()) {
            assert!(!status.is_terminal(), "a process that ended waits for no reply");
            let command_domain = step.command_domain.as_ref().expect("it was sent here");
            let command = self.store.command(command_domain, step.command_id).await.unwrap().expect("it was sent");
            parked += u32::from(command.status == CommandStatus::InTroubleshooting);
        }
        let replies = self.processes().parked_replies(domain, Page::first(10_000)).await.unwrap();
        parked += replies.iter().filter(|reply| reply.process_id == Some(id)).count() as u32;
        if status.is_terminal() {
            assert_eq!(process.parked_count, 0);
        } else {
            assert_eq!(process.parked_count, parked);
        }
        assert_eq!(process.completed_at.is_some(), status.is_terminal());
        match status {
            ProcessStatus::WaitingForReply => assert_eq!(parked, 0),
            ProcessStatus::WaitingForTroubleshooting => assert!(parked > 0),
            _ => {}
        }
    }
}

/// A process to start that sends these steps first, in parallel.
pub(crate) fn transfer(names: &[&'static str]) -> NewProcess {
    let process_id = ProcessId::new();
    NewProcess {
        process_id,
        process_type: "Transfer".into(),
        state: raw(json!({ "cents": 100 })),
        current_step: names[0].into(),
        deadline: None,
        steps: names.iter().map(|name| step(process_id, name, 1)).collect(),
    }
}

/// The same, whose steps each have so long.
pub(crate) fn transfer_within(timeout: Duration) -> NewProcess {
    let mut process = transfer(&["debit"]);
    process.steps[0].timeout = Some(timeout);
    process
}

/// A step of a process, done in the domain of the world.
pub(crate) fn step(process: ProcessId, name: &'static str, visit: u32) -> NewStep {
    let mut command = debit(100);
    command.correlation_id = process.as_uuid();
    command.reply_to = Some(TRANSFERS.process_replies_queue());
    let domain = Domain::from_static("payments");
    NewStep { domain, command, step_name: name.into(), role: StepRole::Step, visit, timeout: None }
}

/// What takes back the step that a command did.
pub(crate) fn undo(process: ProcessId, name: &'static str, visit: u32, undoes: CommandId) -> NewStep {
    NewStep { role: StepRole::Undo { undoes }, ..step(process, name, visit) }
}

/// A move that goes on taking the process back, or begins to.
pub(crate) fn unwinding(one: ProcessMove, ends_as: ProcessStatus) -> ProcessMove {
    let cause = Some(("NO_COVER".to_owned(), "not enough cover".to_owned()));
    ProcessMove { status: ProcessStatus::Compensating, cause, ends_as: Some(ends_as), ..one }
}

pub(crate) fn read_reply(received: &ReceivedReply) -> Reply {
    serde_json::from_str(received.body.get()).expect("it is a reply")
}

/// What a router makes of a reply.
pub(crate) fn answer(received: &ReceivedReply) -> StepAnswer {
    let reply = read_reply(received);
    let data: Option<Value> = match reply.outcome {
        Outcome::Success => reply.result.map(|result| read(&result)),
        Outcome::Failed => Some(json!({ "error_code": reply.error_code })),
        Outcome::Canceled => Some(json!({ "reason": reply.reason })),
    };
    StepAnswer { msg_id: received.msg_id, command_id: reply.command_id, outcome: reply.outcome, data }
}

pub(crate) fn parked_as(code: &'static str) -> ReplyFate {
    ReplyFate::Park { code: code.into(), message: "it does not fit".into() }
}
