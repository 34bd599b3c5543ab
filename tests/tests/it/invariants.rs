//! The rules that random programs, races and chaos are held to, themselves: each finds what breaks it.

use commandbus::{
    message::ProcessStatus,
    store::{NewBatch, NewCommand, ProcessMove},
};
use commandbus_tests::broken_rules;
use sqlx::PgPool;

use crate::{
    contract::{
        harness,
        verdicts::{complete, complete_with, fail, park},
        world::{
            World, debit,
            process::{TRANSFERS, answer, transfer, undo, unwinding},
        },
    },
    support::run,
};

/// A breach, and the rules that find it, by how they begin.
const BREACHES: &[(&str, &[&str])] = &[
    ("delete from pgmq.q_payments__commands where msg_id = (select max(msg_id) from pgmq.q_payments__commands)",
     &["what awaits work"]),
    ("select pgmq.send('payments__commands', '{\"command_id\": \"nobody\"}')", &["a message has a command"]),
    ("update commandbus.command set attempts = max_attempts + 1 where attempts > 0", &["attempts stay", "the audit tells of"]),
    ("update commandbus.command set delivery = delivery + 1 where attempts > 0", &["the audit tells of"]),
    ("delete from commandbus.audit where event_type = 'SENT'", &["the audit tells the same"]),
    ("update commandbus.audit set event_type = 'FAILED' where event_type = 'MOVED_TO_TSQ'", &["the audit tells the same"]),
    ("insert into commandbus.audit (domain, command_id, event_type)
      select domain, command_id, event_type from commandbus.audit where event_type = 'COMPLETED'", &["a command ends once"]),
    ("delete from commandbus.troubleshooting", &["what is parked is listed"]),
    ("delete from pgmq.a_payments__commands", &["what is parked is listed"]),
    ("delete from pgmq.q_payments__replies", &["a sender that asked"]),
    ("select pgmq.send('payments__replies', r.message) from pgmq.q_payments__replies r", &["a sender that asked"]),
    ("select pgmq.send('transfers__process_replies', jsonb_build_object('command_id', command_id))
      from commandbus.process_audit where reply_outcome is not null", &["a process gets one reply"]),
    ("update commandbus.batch set completed_count = completed_count + 1 where batch_type = 'COMMAND'",
     &["the counts of a batch are"]),
    ("update commandbus.batch set completed_count = completed_count + 1 where batch_type = 'PROCESS'",
     &["the counts of a batch of processes"]),
    ("update commandbus.batch set status = 'COMPLETED', completed_at = now() where status = 'IN_PROGRESS'",
     &["a batch ends when"]),
    ("update commandbus.batch set status = 'IN_PROGRESS', completed_at = null", &["a batch ends when"]),
    ("update commandbus.batch set status = 'COMPLETED'  where status = 'COMPLETED_WITH_FAILURES'", &["a batch ends when"]),
    ("insert into commandbus.audit (domain, command_id, event_type)
      select domain, command_id, event_type from commandbus.audit where event_type = 'BATCH_COMPLETED'",
     &["a batch starts once"]),
    ("update commandbus.batch set then_command = jsonb_set(then_command, '{domain}', '\"elsewhere\"')",
     &["a batch starts once"]),
    ("update commandbus.process set status = 'COMPLETED', completed_at = now() where status like 'WAITING%'",
     &["a process that has ended"]),
    ("update commandbus.process set status = 'WAITING_FOR_REPLY', completed_at = null where status = 'CANCELED'",
     &["a process that has ended"]),
    ("update commandbus.process set parked_count = parked_count + 1", &["a process knows"]),
    ("insert into commandbus.process_audit (domain, process_id, step_name, kind, undoes, command_id, command_type, sent_at,
          command_domain, reply_outcome)
      select domain, process_id, step_name, kind, undoes, command_id, command_type, sent_at, command_domain, 'SUCCESS'
      from commandbus.process_audit where kind = 'UNDO'", &["a process sends each"]),
];

/// Something of everything: what waits, runs, is parked, and has ended in each way.
async fn something_of_everything(world: &World) -> PgPool {
    let batch = NewBatch { then: Some((world.domain.clone(), debit(0))), ..world.new_batch() };
    let asking = NewCommand { reply_to: Some(world.domain.replies_queue()), ..debit(1) };
    world.create(batch, &[asking, debit(2)]).await.unwrap();
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all(tokens.into_iter().zip([complete_with(7.into()), fail()])).await;

    world.batch_of(2).await;
    let tokens: Vec<_> = world.deliveries().await.iter().map(|delivery| delivery.token).collect();
    world.settle_all([(tokens[0], complete()), (tokens[1], complete()), (tokens[2], park())]).await;

    let (_, ids) = world.process_batch_of(2).await;
    world.run_all(complete).await;
    let replies = world.process_replies().await;
    let answers = vec![answer(&replies[0])];
    let done = answers[0].command_id;
    let id = if world.step_commands(ids[0]).await == [done] { ids[0] } else { ids[1] };
    let steps = vec![undo(id, "debit", 2, done)];
    let back = ProcessMove { answers, steps, ..world.move_to(id, ProcessStatus::Compensating).await };
    world.advance(unwinding(back, ProcessStatus::Canceled)).await;
    world.run(complete()).await;
    world.take_in(id, ProcessStatus::Canceled, Vec::new()).await;
    world.start(transfer(&["debit"])).await;
    world.store.ensure_queues(&TRANSFERS, &[]).await.unwrap();
    world.store.as_postgres().expect("it is PostgreSQL").pool().clone()
}

#[tokio::test]
async fn each_breach_is_found_by_its_rules() {
    for (breach, rules) in BREACHES {
        let world = World::new(harness::postgres::start().await).await;
        let pool = something_of_everything(&world).await;
        assert_eq!(broken_rules(&pool, &[]).await.unwrap(), Vec::<String>::new());
        run(&pool, breach).await;
        let found = broken_rules(&pool, &[]).await.unwrap();
        for rule in *rules {
            assert!(found.iter().any(|words| words.starts_with(rule)), "{breach}: {rule} found nothing of {found:#?}");
        }
    }
}
