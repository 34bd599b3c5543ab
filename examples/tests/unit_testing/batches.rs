//! Many commands that end together.

use std::sync::Arc;

use commandbus::{message::BatchStatus, prelude::*, store::memory::MemoryStore, testing::outstanding};

use crate::shop::{ReserveGoods, SendReceipt, Warehouse};

fn three_lamps(_: u32) -> ReserveGoods {
    ReserveGoods { article: "lamp".into(), pieces: 3 }
}

#[tokio::test]
async fn a_batch_ends_once_with_exact_counts() {
    let store = Arc::new(MemoryStore::new());
    let bus = Bus::from_store(store.clone());
    let warehouse = Arc::new(Warehouse::with("lamp", 10));
    let worker = Worker::new(&bus, "warehouse").handlers(Arc::clone(&warehouse)).build().unwrap();
    let (told, tells) = tokio::sync::oneshot::channel();

    let test = async {
        let batch = ReserveGoods::batch("Lamps for the fair")
            .extend((0..5).map(three_lamps))
            .on_complete(async move |batch: BatchMetadata| told.send(batch.status).unwrap())
            .then(SendReceipt { order: 1, number: "the fair".into() })
            .send(&bus)
            .await
            .unwrap();

        let ended = batch.wait().await.unwrap();
        assert_eq!(ended.status, BatchStatus::CompletedWithFailures);
        assert_eq!((ended.total_count, ended.completed_count, ended.failed_count), (5, 3, 2));

        assert_eq!(tells.await.unwrap(), BatchStatus::CompletedWithFailures, "the callback was called");
        let then = outstanding::<SendReceipt>(&store).await;
        assert_eq!(then.len(), 1, "the command that follows it was sent");
    };
    worker.run_until(test).await.unwrap();
    assert_eq!(warehouse.pieces("lamp"), 1);
}

/// Without a worker nothing runs, so a test may also look at a batch that has not begun.
#[tokio::test]
async fn the_rest_of_a_batch_can_be_canceled() {
    let bus = Bus::in_memory();
    let batch = ReserveGoods::batch("Lamps for the fair").extend((0..5).map(three_lamps)).send(&bus).await.unwrap();
    assert_eq!(batch.cancel_rest("the fair is off").await.unwrap(), 5);
    assert_eq!(batch.wait().await.unwrap().canceled_count, 5);
}
