use serde_json::json;

use super::{Close, Debit, PAYMENTS, Receipt, debit, work};
use crate::{
    bus::{Bus, CommandExt as _, Sent},
    message::{CommandId, CommandStatus},
    ops::OpsError,
    store::{CommandFilter, Page, ParkedFilter},
};

async fn parked(bus: &Bus) -> Sent<Debit> {
    let sent = debit(-5).send(bus).await.unwrap();
    work(bus).await;
    sent
}

#[tokio::test]
async fn what_is_parked_is_listed_grouped_counted_and_shown() {
    let bus = Bus::in_memory();
    let (one, _) = (parked(&bus).await, parked(&bus).await);
    let troubleshooting = bus.troubleshooting();
    let all = ParkedFilter::default();
    assert_eq!(troubleshooting.list(&all, Page::first(10)).await.unwrap().len(), 2);
    assert_eq!(troubleshooting.count(&all).await.unwrap(), 2);
    let groups = troubleshooting.groups(&all).await.unwrap();
    assert_eq!((groups.len(), groups[0].count), (1, 2));

    let case = troubleshooting.show(&PAYMENTS, one.id()).await.unwrap();
    assert_eq!(case.parked.error_code.as_deref(), Some("NEGATIVE"));
    assert_eq!(case.command.status, CommandStatus::InTroubleshooting);
    assert_eq!(case.audit.last().unwrap().event, "MOVED_TO_TSQ");
}

#[tokio::test]
async fn of_two_operators_one_is_told_what_the_other_did() {
    let bus = Bus::in_memory();
    let sent = parked(&bus).await;
    let troubleshooting = bus.troubleshooting();
    troubleshooting.by("alice").complete_with(&PAYMENTS, sent.id(), &Receipt { cents: 5 }).await.unwrap();
    let error = troubleshooting.by("bob").retry(&PAYMENTS, sent.id()).await.unwrap_err();
    assert!(error.to_string().ends_with("is no longer in troubleshooting (now COMPLETED)"), "{error}");
    assert!(matches!(troubleshooting.show(&PAYMENTS, sent.id()).await, Err(OpsError::NotParked { .. })));
    assert_eq!(sent.reply().await.unwrap(), Receipt { cents: 5 });
}

#[tokio::test]
async fn an_edited_payload_is_read_as_its_type_first() {
    let bus = Bus::in_memory();
    let sent = parked(&bus).await;
    let operator = bus.troubleshooting().by("alice").because("sign was wrong");
    let error = operator.retry_edited::<Debit>(sent.id(), &json!({ "cents": "five" })).await.unwrap_err();
    assert!(matches!(error, OpsError::Undecodable { .. }), "{error}");
    let error = operator.retry_edited::<Close>(sent.id(), &json!(null)).await.unwrap_err();
    assert!(matches!(error, OpsError::OtherType { .. }), "{error}");
    let error = operator.retry_edited_untyped(&PAYMENTS, sent.id(), &json!("a\0b")).await.unwrap_err();
    assert!(matches!(error, OpsError::Payload(_)), "{error}");

    operator.retry_edited::<Debit>(sent.id(), &json!({ "cents": 5 })).await.unwrap();
    work(&bus).await;
    assert_eq!(sent.reply().await.unwrap(), Receipt { cents: 5 });
    let audit = bus.audit().of_command(&PAYMENTS, sent.id()).await.unwrap();
    let retry = audit.iter().find(|event| event.event == "OPERATOR_RETRY").unwrap();
    assert_eq!((&retry.details["operator"], &retry.details["reason"]), (&json!("alice"), &json!("sign was wrong")));
}

#[tokio::test]
async fn who_acts_says_who_and_why() {
    let bus = Bus::in_memory();
    let id = parked(&bus).await.id();
    let troubleshooting = bus.troubleshooting();
    assert!(matches!(troubleshooting.by(" ").retry(&PAYMENTS, id).await, Err(OpsError::OperatorRequired)));
    let cancel = troubleshooting.by("alice").cancel(&PAYMENTS, id, "").await;
    assert!(matches!(cancel, Err(OpsError::ReasonRequired)));
    let nul = troubleshooting.by("alice").because("\0").retry(&PAYMENTS, id).await;
    assert!(matches!(nul, Err(OpsError::Nul { .. })));
    let unknown = troubleshooting.by("alice").retry(&PAYMENTS, CommandId::new()).await;
    assert!(matches!(unknown, Err(OpsError::CommandNotFound { .. })));
}

#[tokio::test]
async fn a_command_is_canceled_only_while_it_waits() {
    let bus = Bus::in_memory();
    let sent = debit(1).send(&bus).await.unwrap();
    work(&bus).await;
    let error = bus.commands().cancel(&PAYMENTS, sent.id(), "alice", "too late").await.unwrap_err();
    assert!(matches!(error, OpsError::NotPending { status: CommandStatus::Completed, .. }), "{error}");
    assert_eq!(bus.commands().list(&CommandFilter::default(), Page::first(5)).await.unwrap().len(), 1);
    assert!(bus.commands().get(&PAYMENTS, CommandId::new()).await.unwrap().is_none());
}
