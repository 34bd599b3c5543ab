//! What a service has beside its work: an operator, and a job that prunes.

use std::time::{Duration, Instant};

use commandbus::{
    bus::Bus,
    message::Domain,
    ops::OpsError,
    store::{Page, ParkedFilter, Pruned},
};
use tokio::{sync::watch, time::timeout};

use crate::ledger::Ledger;

static SOAK: Domain = Domain::from_static("soak");

/// How often the operator looks.
const ROUND: Duration = Duration::from_millis(500);

/// Every so many rounds everything is sent again at once.
const AT_ONCE: u32 = 20;

#[derive(Clone)]
pub(crate) struct Upkeep {
    pub(crate) bus: Bus,
    pub(crate) ledger: Ledger,
    /// How long what is over stays.
    pub(crate) retention: Duration,
}

/// Whether it is over before so much time has passed.
async fn is_over_within(time: Duration, over: &mut watch::Receiver<bool>) -> bool {
    timeout(time, over.wait_for(|over| *over)).await.is_ok()
}

impl Upkeep {
    /// Resolves what is parked, in every way.
    pub(crate) async fn operate(self, mut over: watch::Receiver<bool>) {
        let troubleshooting = self.bus.troubleshooting();
        let operator = troubleshooting.by("olivia").because("ticket 7");
        for round in 1_u32.. {
            if round.is_multiple_of(AT_ONCE) {
                let broken = ParkedFilter::in_domain(SOAK.clone()).with_code("BROKEN");
                let begun = operator.retry_all(&broken).await.unwrap();
                self.bus.operations().run(begun.operation_id, |_| {}).await.unwrap();
            }
            for parked in troubleshooting.list(&ParkedFilter::default(), Page::first(50)).await.unwrap() {
                let id = parked.command_id;
                let done = match rand::random_range(0..4) {
                    0 => operator.cancel(&SOAK, id, "not needed").await,
                    1 => operator.complete(&SOAK, id).await,
                    2 => operator.retry_edited_untyped(&SOAK, id, &serde_json::json!({})).await,
                    _ => operator.retry(&SOAK, id).await,
                };
                assert!(matches!(done, Ok(()) | Err(OpsError::NotParked { .. })), "{done:?}");
            }
            if is_over_within(ROUND, &mut over).await {
                return;
            }
        }
    }

    /// Prunes again and again, and looks at the effects before their commands go. Answers what went.
    pub(crate) async fn prune(self, mut over: watch::Receiver<bool>) -> Pruned {
        let mut gone = Pruned::default();
        loop {
            let begun = Instant::now();
            self.ledger.check_effects().await;
            gone += self.bus.prune(self.retention).share_of_time(0.5).run().await.unwrap();
            self.ledger.forget_effects().await;
            if is_over_within((self.retention / 6).saturating_sub(begun.elapsed()), &mut over).await {
                return gone;
            }
        }
    }
}
