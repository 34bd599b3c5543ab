//! A handler is a function: `#[handler]` leaves it as it is, and a test calls it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use commandbus::{
    message::{FailureKind, HandlerError as _},
    prelude::*,
    store::memory::MemoryStore,
    testing::outstanding,
};

use crate::shop::{
    ChargeCard, ChargeError, Network, NetworkError, Receipt, ReleaseGoods, ReserveGoods, SendReceipt, Shelf, Till,
    Warehouse, charge_card,
};

/// In the place of the network: the first so many calls fail.
pub(crate) struct FailsFirst {
    calls: AtomicU32,
    failures: u32,
    error: NetworkError,
}

impl FailsFirst {
    pub(crate) fn new(failures: u32, error: NetworkError) -> Arc<Self> {
        Arc::new(Self { calls: AtomicU32::new(0), failures, error })
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Network for FailsFirst {
    fn charge(&self, _: &str, _: i64) -> Result<String, NetworkError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if call > self.failures { Ok(format!("R-{call}")) } else { Err(self.error) }
    }
}

/// A till whose network works.
pub(crate) fn open_till() -> Till {
    Till(FailsFirst::new(0, NetworkError::Unreachable))
}

pub(crate) fn charge() -> ChargeCard {
    ChargeCard { order: 1, cents: 2_500, card: "4242".into() }
}

#[tokio::test]
async fn a_handler_is_called_with_what_it_takes() {
    // The store is kept, to look into it; else `Bus::in_memory()` is all that is needed.
    let store = Arc::new(MemoryStore::new());
    let bus = Bus::from_store(store.clone());
    let command = charge();
    // A context as the command would be delivered with; `.attempt(2)`, `.header(..)` and others make it special.
    let context = Context::for_test(&bus, &command).unwrap().build();

    let receipt = charge_card(command, context, State(open_till())).await.unwrap();

    assert_eq!(receipt, Receipt { number: "R-1".into() });
    // What the handler sent waits on the bus, for there is no worker.
    assert_eq!(outstanding::<SendReceipt>(&store).await, [SendReceipt { order: 1, number: "R-1".into() }]);
}

#[tokio::test]
async fn an_error_says_what_it_means_for_the_command() {
    let bus = Bus::in_memory();
    let till = Till(FailsFirst::new(1, NetworkError::Declined));
    let context = Context::for_test(&bus, &charge()).unwrap().build();

    let error = charge_card(charge(), context, State(till)).await.unwrap_err();

    let failure = error.failure();
    assert_eq!((failure.kind, failure.code.as_ref()), (FailureKind::BusinessRule, "CARD_DECLINED"));
    assert_eq!(ChargeError::Unreachable.failure().kind, FailureKind::Transient);
}

#[tokio::test]
async fn the_handlers_of_a_set_are_methods() {
    let warehouse = Warehouse::with("lamp", 5);
    let reserve = |pieces| warehouse.reserve(ReserveGoods { article: "lamp".into(), pieces });

    assert_eq!(reserve(3).await.unwrap(), Shelf(7));
    assert_eq!(reserve(3).await.unwrap_err().code, "OUT_OF_STOCK");
    warehouse.release(ReleaseGoods { article: "lamp".into(), pieces: 3, shelf: Some(Shelf(7)) }).await;
    assert_eq!(warehouse.pieces("lamp"), 5);
}
