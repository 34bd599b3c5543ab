//! `#[handler]`: parameters, patterns, and what it makes known of a function.

use std::time::Duration;

use commandbus::{
    handler::{Handler, HandlerEntry, Invocation, LeaseError, Need, Outcome},
    prelude::*,
    store::Token,
};

use crate::bus;

#[command(domain = "macro_handlers", reply = String)]
#[derive(Clone, Serialize, Deserialize)]
struct Greet {
    name: String,
}

#[command(domain = "macro_handlers")]
#[derive(Serialize, Deserialize)]
struct Forget;

#[derive(Clone)]
struct Greeting(&'static str);

/// What users write themselves: it wraps another parameter and repeats its needs.
struct Shout(String);

impl FromContext for Shout {
    const NEEDS: &'static [Need] = <State<Greeting> as FromContext>::NEEDS;

    async fn from_context(context: &Context) -> Result<Self, Failure> {
        let State(Greeting(greeting)) = State::from_context(context).await?;
        if context.attempt() > 1 {
            return Err(Failure::business_rule("HOARSE", "only once"));
        }
        Ok(Self(greeting.to_uppercase()))
    }
}

#[handler]
async fn greet(
    Greet { mut name }: Greet,
    context: Context,
    State(Greeting(greeting)): State<Greeting>,
    Shout(shout): Shout,
) -> String {
    name.push('!');
    format!("{greeting} {shout} {name} {}/{}", context.attempt(), context.max_attempts())
}

#[handler]
async fn forget(_: Forget) {}

async fn run(entry: HandlerEntry, context: Context) -> Outcome {
    (entry.call)(Invocation { context }).await
}

fn hello(bus: &Bus) -> commandbus::handler::ContextBuilder {
    Context::for_test(bus, &Greet { name: "Ada".into() }).unwrap().provide(Greeting("hello"))
}

#[tokio::test]
async fn parameters_are_taken_from_the_delivery_in_any_pattern() {
    let outcome = run(greet::ENTRY, hello(&bus()).build()).await;
    assert!(
        matches!(&outcome, Outcome::Done(Some(reply)) if reply.get() == r#""hello HELLO Ada! 1/3""#),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn the_function_stays_callable() {
    let context = hello(&bus()).build();
    let greeting = greet(Greet { name: "Ada".into() }, context, State(Greeting("hi")), Shout("HI".into())).await;
    assert_eq!(greeting, "hi HI Ada! 1/3");
    forget(Forget).await;
}

#[tokio::test]
async fn a_parameter_that_cannot_be_had_fails_the_attempt() {
    let outcome = run(greet::ENTRY, hello(&bus()).attempt(2).build()).await;
    assert!(matches!(&outcome, Outcome::Failed(failure) if failure.code == "HOARSE"), "{outcome:?}");

    let unprovided = Context::for_test(&bus(), &Greet { name: "Ada".into() }).unwrap().build();
    let outcome = run(greet::ENTRY, unprovided).await;
    assert!(matches!(&outcome, Outcome::Failed(failure) if failure.code == "STATE_NOT_PROVIDED"), "{outcome:?}");
}

#[tokio::test]
async fn a_payload_of_another_shape_is_undecodable() {
    let context = Context::for_test(&bus(), &Forget).unwrap().build();
    let outcome = run(greet::ENTRY, context).await;
    let Outcome::Undecodable(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.code, "UNDECODABLE");
    assert!(failure.message.contains("`Greet`") && failure.message.contains("invalid type"), "{failure}");
}

#[tokio::test]
async fn a_context_made_by_hand_says_what_it_was_told() {
    let id = uuid::Uuid::now_v7();
    let context = hello(&bus()).command_id(id).batch_id(id).correlation_id(id).header("tenant", "acme").build();
    assert_eq!(context.command_id().as_uuid(), id);
    assert_eq!(context.batch_id().map(|batch| batch.as_uuid()), Some(id));
    assert_eq!(context.correlation_id(), Some(id));
    assert_eq!(context.domain().as_str(), "macro_handlers");
    assert_eq!(context.command_type(), "Greet");
    assert_eq!(context.headers()["tenant"], "acme");
    assert!(!context.is_cancelled());
    let cancelled = hello(&bus()).cancelled().build();
    cancelled.cancelled().await;
    assert!(cancelled.is_cancelled());
}

#[tokio::test]
async fn a_lease_is_extended_or_lost() {
    const MINUTE: Duration = Duration::from_secs(60);
    let bus = bus();
    Greet { name: "Ada".into() }.send(&bus).await.unwrap();
    let received = bus.store().receive(&Greet::SPEC.domain, 1, MINUTE).await.unwrap();
    let token = received.deliveries[0].token;

    let kept = hello(&bus).token(token).build();
    assert!(kept.extend_lease(MINUTE).await.is_ok());
    let lost = hello(&bus).token(Token { delivery: token.delivery + 1, ..token }).build();
    assert!(matches!(lost.extend_lease(MINUTE).await, Err(LeaseError::Lost)));
}

#[test]
fn an_entry_knows_its_place_and_its_needs() {
    let entry = greet::ENTRY;
    assert_eq!(entry.command.name, "Greet");
    assert!(entry.name.ends_with("handlers::greet"), "{}", entry.name);
    let source = include_str!("handlers.rs");
    let line = 1 + source.lines().position(|line| line.starts_with("async fn greet(")).unwrap();
    assert_eq!((entry.file.ends_with("handlers.rs"), entry.line as usize), (true, line));
    assert_eq!(entry.needs().count(), 2, "the state, and that of the wrapper");
    assert!(!entry.is_transactional());
}

#[test]
fn handlers_are_linked_and_can_be_listed() {
    let linked = commandbus::__private::inventory::iter::<HandlerEntry>()
        .filter(|entry| entry.command.domain.as_str() == "macro_handlers")
        .count();
    assert_eq!(linked, 2);
    let listed: Vec<_> = handlers![greet, self::forget].entries().iter().map(|entry| entry.command.name).collect();
    assert_eq!(listed, ["Greet", "Forget"]);
    assert!(handlers![].entries().is_empty());
}
