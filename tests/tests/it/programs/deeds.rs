//! Taking the steps of a program on both stores.

use std::collections::BTreeSet;

use commandbus::{
    message::{BatchId, BatchType, CommandId, Failure, group::HEADER},
    store::{
        Acceptance, EditedPayload, NewBatch, NewCommand, OperatorVerb, Page, ParkReason, ParkedFilter, Received,
        Settled, Settlement, Start, Verdict,
    },
};
use commandbus_tests::OF_NOBODY;
use serde_json::{json, value::RawValue};

use super::{
    routing::Routing,
    step::{Draft, End, Junk, Plan, Step, Verb},
    twins::{MINUTE, PAYMENTS, Twins, choose, postgres_of, same},
};
use crate::contract::world::{debit, operator, process::TRANSFERS, raw};

impl Twins {
    pub(super) async fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Send(drafts) => self.send(drafts).await,
            Step::SendAll(drafts, again) => self.send_all(drafts, *again).await,
            Step::SendAgain(which) => self.send_again(*which).await,
            Step::Batch { drafts, then, again } => self.batch(drafts, *then, *again).await,
            Step::Receive => self.receive().await,
            Step::Settle(ends) => self.settle(ends).await,
            Step::SettleWithin(which) => self.settle_within(*which).await,
            Step::Renew(which) => self.renew(*which).await,
            Step::Pass(minutes) => {
                for harness in self.harnesses() {
                    harness.pass_time(MINUTE * *minutes).await;
                }
                Ok(())
            }
            Step::Cancel(which) => self.cancel(*which).await,
            Step::CancelRest(which) => self.cancel_rest(*which).await,
            Step::Resolve(which, verb) => match choose(&self.commands, *which).copied() {
                Some(id) => self.resolve(id, *verb).await,
                None => Ok(()),
            },
            Step::ResolveParked(which, verb) => self.resolve_parked(*which, *verb).await,
            Step::Pause(which, paused) => self.pause(*which, *paused).await,
            Step::Stray(junk) => {
                self.stray(*junk).await;
                Ok(())
            }
            Step::Fold => self.fold().await,
            Step::Start { plan, batch } => self.start(*plan, *batch).await,
            Step::StartBatch { plans, missing } => self.start_batch(plans, *missing).await,
            Step::Route => self.route(Routing::TakeIn).await,
            Step::RouteLate => self.route(Routing::TakeInTwice).await,
            Step::SetAside { park } => self.route(if *park { Routing::Park } else { Routing::Later }).await,
            Step::RetryReplies(with_result) => self.retry_replies(*with_result).await,
            Step::Echo(which) => {
                self.echo(*which).await;
                Ok(())
            }
        }
    }

    // ---- sending

    fn new_command(&mut self, draft: &Draft) -> NewCommand {
        let mut command = debit(self.commands.len() as u32);
        command.command_id = CommandId::from_uuid(self.draw());
        command.correlation_id = self.draw();
        command.max_attempts = draft.attempts;
        command.reply_to =
            draft.reply.map(|known| if known { PAYMENTS.replies_queue() } else { "nowhere__replies".to_owned() });
        if draft.minutes > 0 {
            command.start = Start::After(MINUTE * draft.minutes);
        }
        command.headers = draft.group.map(|key| [(HEADER.to_owned(), json!(key.to_string()))].into_iter().collect());
        command
    }

    fn new_commands(&mut self, drafts: &[Draft], again: Option<usize>) -> Vec<NewCommand> {
        let known = again.and_then(|which| choose(&self.commands, which).copied());
        let mut commands: Vec<_> = drafts.iter().map(|draft| self.new_command(draft)).collect();
        commands.extend(known.map(|command_id| NewCommand { command_id, ..debit(0) }));
        commands
    }

    /// From now on they are looked at, whether they were sent or not.
    fn remember(&mut self, commands: &[NewCommand]) {
        for command in commands {
            if !self.commands.contains(&command.command_id) {
                self.commands.push(command.command_id);
            }
        }
    }

    async fn send(&mut self, drafts: &[Draft]) -> Result<(), String> {
        let commands = self.new_commands(drafts, None);
        self.remember(&commands);
        let [memory, postgres] = self.stores();
        let one = memory.send(&PAYMENTS, &commands).await.unwrap();
        same("sent", &one, &postgres.send(&PAYMENTS, &commands).await.unwrap())?;
        same("sent", &one, &vec![Acceptance::Sent; commands.len()])
    }

    async fn send_again(&mut self, which: usize) -> Result<(), String> {
        let commands = self.new_commands(&[], Some(which));
        let [memory, postgres] = self.stores();
        let one = memory.send(&PAYMENTS, &commands).await.unwrap();
        same("sent again", &one, &postgres.send(&PAYMENTS, &commands).await.unwrap())
    }

    async fn send_all(&mut self, drafts: &[Draft], again: Option<usize>) -> Result<(), String> {
        let commands = self.new_commands(drafts, again);
        self.remember(&commands);
        let [memory, postgres] = self.stores();
        let one = memory.send_all(&PAYMENTS, &commands).await.unwrap();
        same("sent, all or none", &one, &postgres.send_all(&PAYMENTS, &commands).await.unwrap())
    }

    async fn batch(&mut self, drafts: &[Draft], then: bool, again: Option<usize>) -> Result<(), String> {
        let commands = self.new_commands(drafts, again);
        self.remember(&commands);
        let then = then.then(|| NewCommand { command_id: CommandId::from_uuid(self.draw()), ..debit(0) });
        self.callbacks.extend(then.iter().map(|command| command.command_id));
        let batch = self.new_batch(BatchType::Command, then);
        self.batches.push(batch.batch_id);
        let mut answers = Vec::new();
        for store in self.stores() {
            let mut writer = store.begin_batch(batch.clone()).await.unwrap();
            writer.add(&commands).await.unwrap();
            let created = writer.finish().await.unwrap();
            answers.push(created.map_err(|duplicates| duplicates.commands.into_iter().collect::<BTreeSet<_>>()));
        }
        same("a batch", &answers[0], &answers[1])
    }

    fn new_batch(&mut self, batch_type: BatchType, then: Option<NewCommand>) -> NewBatch {
        let domain = if batch_type == BatchType::Process { &TRANSFERS } else { &PAYMENTS };
        NewBatch {
            domain: domain.clone(),
            batch_id: BatchId::from_uuid(self.draw()),
            batch_type,
            name: None,
            custom_data: None,
            then: then.map(|command| (PAYMENTS.clone(), command)),
        }
    }

    // ---- working

    async fn receive(&mut self) -> Result<(), String> {
        let [memory, postgres] = self.stores();
        let one = memory.receive(&PAYMENTS, 100, MINUTE).await.unwrap();
        let twin = postgres.receive(&PAYMENTS, 100, MINUTE).await.unwrap();
        let summary = |received: &Received| {
            let deliveries: Vec<String> = received
                .deliveries
                .iter()
                .map(|one| {
                    format!(
                        "{} {} {} {:?} {:?} {:?} {} {}",
                        one.token.command_id,
                        one.token.delivery,
                        one.attempt,
                        one.reply_to,
                        one.batch_id,
                        one.headers,
                        one.max_attempts,
                        one.command_type,
                    )
                })
                .collect();
            let parked: BTreeSet<CommandId> = received.parked.iter().copied().collect();
            let strays: Vec<_> = received.strays.iter().map(|stray| stray.reason.as_str()).collect();
            (deliveries, parked, strays, received.held)
        };
        same("received", &summary(&one), &summary(&twin))?;
        let pairs = one.deliveries.iter().zip(&twin.deliveries);
        self.deliveries.extend(pairs.map(|(one, twin)| [one.token, twin.token]));
        Ok(())
    }

    async fn settle(&mut self, ends: &[(usize, End)]) -> Result<(), String> {
        let chosen: Vec<_> =
            ends.iter().filter_map(|(which, end)| Some((*choose(&self.deliveries, *which)?, *end))).collect();
        let mut answers: Vec<Vec<Settled>> = Vec::new();
        for (side, store) in self.stores().into_iter().enumerate() {
            let group: Vec<Settlement> =
                chosen.iter().map(|(tokens, end)| Settlement { token: tokens[side], verdict: verdict(*end) }).collect();
            let settled = store.settle(&PAYMENTS, &group).await.unwrap();
            if settled.unfolded {
                store.fold_batches(&PAYMENTS).await.unwrap();
            }
            answers.push(settled.answers);
        }
        same("settled", &answers[0], &answers[1])
    }

    /// On PostgreSQL in a transaction, whose counts are folded afterwards. A rule must hold in between, too.
    async fn settle_within(&mut self, which: usize) -> Result<(), String> {
        let Some([one, twin]) = choose(&self.deliveries, which).copied() else { return Ok(()) };
        let [memory, postgres] = self.stores();
        let group = [Settlement { token: one, verdict: verdict(End::Complete { result: true, keep: true }) }];
        let one = memory.settle(&PAYMENTS, &group).await.unwrap().answers[0];
        let settlement = Settlement { token: twin, ..group[0].clone() };
        let store = postgres_of(&*postgres);
        let mut transaction = store.begin_handler(twin, MINUTE, None).await.unwrap();
        let twin = store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap();
        match twin {
            Settled::Recorded => transaction.commit().await.unwrap(),
            _ => transaction.rollback().await.unwrap(),
        }
        same("settled within", &one, &twin)?;
        self.check_rules().await?;
        postgres.fold_batches(&PAYMENTS).await.unwrap();
        Ok(())
    }

    async fn renew(&mut self, which: usize) -> Result<(), String> {
        let Some([one, twin]) = choose(&self.deliveries, which).copied() else { return Ok(()) };
        let [memory, postgres] = self.stores();
        let one = memory.renew(&PAYMENTS, &[one], MINUTE * 2).await.unwrap();
        same("renewed", &one, &postgres.renew(&PAYMENTS, &[twin], MINUTE * 2).await.unwrap())
    }

    async fn fold(&self) -> Result<(), String> {
        for store in self.stores() {
            store.fold_batches(&PAYMENTS).await.unwrap();
            store.fold_batches(&TRANSFERS).await.unwrap();
        }
        Ok(())
    }

    // ---- from outside

    async fn cancel(&self, which: usize) -> Result<(), String> {
        let Some(id) = choose(&self.commands, which) else { return Ok(()) };
        let [memory, postgres] = self.stores();
        let one = memory.cancel(&PAYMENTS, &[*id], "ada", "not needed").await.unwrap();
        same("canceled", &one, &postgres.cancel(&PAYMENTS, &[*id], "ada", "not needed").await.unwrap())
    }

    async fn cancel_rest(&self, which: usize) -> Result<(), String> {
        let Some(id) = choose(&self.batches, which) else { return Ok(()) };
        let [memory, postgres] = self.stores();
        let one = memory.cancel_rest(&PAYMENTS, *id, "ada", "not needed").await.unwrap();
        same("the rest canceled", &one, &postgres.cancel_rest(&PAYMENTS, *id, "ada", "not needed").await.unwrap())
    }

    async fn resolve(&self, id: CommandId, verb: Verb) -> Result<(), String> {
        let verb = match verb {
            Verb::Retry => OperatorVerb::Retry { payload: None },
            Verb::Edit => {
                let data = raw(json!({ "cents": 1, "edited": true }));
                OperatorVerb::Retry { payload: Some(EditedPayload { data, version: None }) }
            }
            Verb::Cancel => OperatorVerb::Cancel,
            Verb::Complete => OperatorVerb::Complete { result: None },
            Verb::CompleteWith => OperatorVerb::Complete { result: Some(raw(json!({ "by": "hand" }))) },
        };
        let action = [operator(id, verb)];
        let [memory, postgres] = self.stores();
        let one = memory.resolve(&PAYMENTS, &action).await.unwrap();
        same("resolved", &one, &postgres.resolve(&PAYMENTS, &action).await.unwrap())
    }

    async fn resolve_parked(&self, which: usize, verb: Verb) -> Result<(), String> {
        let parked = self.memory.store().parked(&ParkedFilter::default(), Page::first(100)).await.unwrap();
        let mut ids: Vec<CommandId> = parked.iter().map(|parked| parked.command_id).collect();
        ids.sort();
        match choose(&ids, which) {
            Some(id) => self.resolve(*id, verb).await,
            None => Ok(()),
        }
    }

    async fn pause(&self, which: Option<usize>, paused: bool) -> Result<(), String> {
        let batch = match which {
            Some(which) => match choose(&self.batches, which) {
                Some(batch) => Some(*batch),
                None => return Ok(()),
            },
            None => None,
        };
        for store in self.stores() {
            store.set_paused(&PAYMENTS, batch, paused, "olivia", None).await.unwrap();
        }
        Ok(())
    }

    async fn stray(&mut self, junk: Junk) {
        let body = match junk {
            Junk::Malformed => json!({ OF_NOBODY: true, "command_id": 17 }),
            Junk::Absent => json!({ OF_NOBODY: true, "command_id": self.draw(), "data": {} }),
            Junk::Of(which) => match choose(&self.commands, which) {
                Some(id) => json!({ OF_NOBODY: true, "command_id": id, "data": {} }),
                None => return,
            },
        };
        for harness in self.harnesses() {
            harness.put(&PAYMENTS.commands_queue(), body.clone()).await;
        }
    }

    // ---- processes

    async fn start(&mut self, plan: Plan, batch: Option<usize>) -> Result<(), String> {
        let batch = batch.and_then(|which| choose(&self.process_batches, which).copied());
        let process = [self.new_process(plan)];
        let [memory, postgres] = self.stores();
        let one = memory.processes().start(&TRANSFERS, &process, batch).await.unwrap();
        same("started", &one, &postgres.processes().start(&TRANSFERS, &process, batch).await.unwrap())
    }

    async fn start_batch(&mut self, plans: &[Plan], missing: u32) -> Result<(), String> {
        let batch = self.new_batch(BatchType::Process, None);
        if plans.is_empty() && missing == 0 {
            return Ok(());
        }
        self.process_batches.push(batch.batch_id);
        let processes: Vec<_> = plans.iter().map(|plan| self.new_process(*plan)).collect();
        for store in self.stores() {
            if missing > 0 {
                store.processes().create_batch(batch.clone(), missing).await.unwrap();
                store.processes().start(&TRANSFERS, &processes, Some(batch.batch_id)).await.unwrap();
            } else {
                let mut writer = store.begin_batch(batch.clone()).await.unwrap();
                writer.add_processes(&processes).await.unwrap();
                writer.finish().await.unwrap().unwrap();
            }
        }
        Ok(())
    }

    async fn echo(&mut self, which: usize) {
        let records = self.memory.store().processes().load(&TRANSFERS, &self.processes).await.unwrap();
        let answered: Vec<_> = records
            .iter()
            .flat_map(|record| record.steps.iter().map(move |step| (record.process_id, step)))
            .filter_map(|(id, step)| Some((id, step.command_id, step.outcome?)))
            .collect();
        let Some((process, command, outcome)) = choose(&answered, which) else { return };
        let reply = json!({ "command_id": command, "correlation_id": process, "outcome": outcome });
        for harness in self.harnesses() {
            harness.put(&TRANSFERS.process_replies_queue(), reply.clone()).await;
        }
        self.echoes.push(command.as_uuid());
    }
}

fn verdict(end: End) -> Verdict {
    let result = |text: &str| Some(RawValue::from_string(text.to_owned()).unwrap());
    match end {
        End::Complete { result: with, keep } => {
            Verdict::Complete { result: with.then(|| raw(json!({ "receipt": 7 }))), keep }
        }
        End::Retry(minutes) => {
            Verdict::Retry { failure: Failure::transient("BANK_DOWN", "it does not answer"), after: MINUTE * minutes }
        }
        End::Park => Verdict::Park { reason: ParkReason::Permanent, failure: Failure::permanent("GONE", "it is gone") },
        End::Exhausted => {
            Verdict::Park { reason: ParkReason::Exhausted, failure: Failure::transient("DOWN", "it never answered") }
        }
        End::Fail { keep } => Verdict::Fail {
            failure: Failure::business_rule("NO_COVER", "not enough cover").with_details(json!({ "missing": 5 })),
            keep,
        },
        End::GiveBack(minutes) => Verdict::GiveBack { after: MINUTE * minutes },
        End::Bad => Verdict::Complete { result: result(r#"{"text":"\u0000"}"#), keep: true },
    }
}
