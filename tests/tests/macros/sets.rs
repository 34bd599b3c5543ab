//! `#[handler_set]`: methods that share the fields of one value.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use commandbus::{
    handler::{Callable, HandlerEntry, HandlerSet, IntoHandlers, Invocation, Outcome},
    prelude::*,
};

use crate::bus;

#[command(domain = "macro_sets", reply = i64)]
#[derive(Serialize, Deserialize)]
struct Debit {
    cents: i64,
}

#[command(domain = "macro_sets")]
#[derive(Serialize, Deserialize)]
struct Close;

#[command(domain = "macro_sets")]
#[derive(Serialize, Deserialize)]
struct Audit;

#[derive(Debug, thiserror::Error, HandlerError)]
enum DebitError {
    #[error("insufficient funds: {0}")]
    #[business_rule(code = "INSUFFICIENT_FUNDS")]
    Insufficient(i64),
}

#[derive(Clone)]
struct Limit(i64);

/// Neither `Clone` nor `Debug`; the lifetime and the argument are those of one concrete type.
struct Payments<'a, L> {
    bank: &'a str,
    balance: L,
}

#[handler_set]
impl Payments<'static, AtomicI64> {
    #![allow(clippy::needless_arbitrary_self_type, reason = "a long form is a form")]

    const FEE: i64 = { 1 };

    #[handler]
    async fn debit(&self, Debit { cents }: Debit, State(Limit(limit)): State<Limit>) -> Result<i64, DebitError> {
        let left = self.balance.load(Ordering::Relaxed) - cents - Self::FEE;
        tokio::task::yield_now().await;
        if left < limit {
            return Err(DebitError::Insufficient(left));
        }
        self.balance.store(left, Ordering::Relaxed);
        Ok(left)
    }

    #[cfg(any())]
    #[handler]
    async fn left_out(&self, _: DoesNotExist) {}

    #[commandbus::handler]
    async fn close(self: &Self, _: Close, context: Context) {
        assert!(context.attempt() == 1 && self.bank == "Acme");
        self.balance.store(0, Ordering::Relaxed);
    }

    /// No handler.
    fn balance(&self) -> i64 {
        self.balance.load(Ordering::Relaxed)
    }
}

#[handler]
async fn audit(_: Audit) {}

#[command(domain = "macro_sets_elsewhere")]
#[derive(Serialize, Deserialize)]
struct AuditElsewhere;

#[handler]
async fn audit_elsewhere(_: AuditElsewhere) {}

/// Where the function that is written like this is.
fn line(function: &str) -> usize {
    1 + include_str!("sets.rs").lines().position(|line| line.trim_start().starts_with(function)).unwrap()
}

fn payments() -> Payments<'static, AtomicI64> {
    Payments { bank: "Acme", balance: AtomicI64::new(100) }
}

async fn run<C: Command>(entry: &HandlerEntry<Callable>, command: C) -> Outcome {
    let context = Context::for_test(&bus(), &command).unwrap().provide(Limit(0)).build();
    entry.call(Invocation { context }).await
}

#[tokio::test]
async fn the_handlers_of_a_set_share_its_fields() {
    let handlers = payments().into_handlers();
    let [debit, close] = handlers.entries() else { panic!("{handlers:?}") };

    let outcome = run(debit, Debit { cents: 30 }).await;
    assert!(matches!(&outcome, Outcome::Done(Some(reply)) if reply.get() == "69"), "{outcome:?}");
    let outcome = run(debit, Debit { cents: 69 }).await;
    assert!(matches!(&outcome, Outcome::Failed(failure) if failure.code == "INSUFFICIENT_FUNDS"), "{outcome:?}");
    assert!(matches!(run(close, Close).await, Outcome::Done(None)));
    let outcome = run(debit, Debit { cents: 1 }).await;
    assert!(matches!(&outcome, Outcome::Failed(failure) if failure.message.ends_with(": -2")), "{outcome:?}");
}

#[tokio::test]
async fn a_set_may_be_held_by_others_too() {
    let payments = Arc::new(payments());
    let handlers = Arc::clone(&payments).into_handlers();
    run(&handlers.entries()[0], Debit { cents: 30 }).await;
    assert_eq!(payments.balance(), 69);
}

#[tokio::test]
async fn the_methods_stay_callable() {
    let payments = payments();
    assert_eq!(payments.debit(Debit { cents: 9 }, State(Limit(0))).await.unwrap(), 90);
    payments.close(Close, Context::for_test(&bus(), &Close).unwrap().build()).await;
    assert_eq!(payments.balance(), 0);
}

#[test]
fn a_handler_of_a_set_knows_its_place_and_its_needs() {
    let [debit, close] = Payments::ENTRIES else { panic!("two handlers") };
    assert!(debit.name.ends_with("::sets::Payments::debit"), "{}", debit.name);
    assert_eq!((debit.file.ends_with("sets.rs"), debit.line as usize), (true, line("async fn debit(")));
    assert_eq!((debit.needs().count(), close.needs().count()), (1, 0));
}

#[tokio::test]
async fn lists_and_sets_add_up() {
    let worker = |bus: &Bus| Worker::new(bus, "macro_sets").provide(Limit(0));
    assert!(worker(&bus()).handlers(payments()).handlers(handlers![audit]).check().is_ok());

    let error = worker(&bus()).handlers(payments()).handlers(payments()).check().unwrap_err().to_string();
    let twice = error.lines().filter(|line| line.contains("has two handlers")).count();
    assert_eq!(twice, 2, "{error}");
}

#[tokio::test]
async fn every_fault_of_a_set_is_told_at_once_with_its_place() {
    let worker = Worker::new(&bus(), "macro_sets").handlers(payments()).handlers(handlers![audit, audit_elsewhere]);
    let error = worker.build().unwrap_err().to_string();
    for told in [
        format!("::sets::Payments::debit` (tests/tests/macros/sets.rs:{}) takes `State<", line("async fn debit(")),
        format!("::audit_elsewhere` (tests/tests/macros/sets.rs:{}) takes `", line("async fn audit_elsewhere(")),
    ] {
        assert!(error.contains(&told), "{told}: {error}");
    }
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[tokio::test]
async fn a_worker_runs_a_set() {
    let bus = Bus::in_memory();
    let payments = Arc::new(payments());
    let worker = Worker::new(&bus, "macro_sets").provide(Limit(0)).handlers(Arc::clone(&payments)).partial();
    let worker = worker.build().unwrap();
    let sent = Debit { cents: 30 }.send(&bus).await.unwrap();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let running = worker.run_until(async {
        let _ = ended.await;
    });
    let asking = async {
        let left = sent.reply().await.unwrap();
        end.send(()).unwrap();
        left
    };
    let (_, left) = tokio::join!(running, asking);
    assert_eq!((left, payments.balance()), (69, 69));
}
