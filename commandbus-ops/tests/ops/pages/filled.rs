//! A database with something on every page.

use std::time::Duration;

use commandbus::{
    bus::UntypedCommand,
    message::{BatchId, CommandId, Failure, ProcessId},
    prelude::*,
    worker::Worker,
};
use serde_json::json;

use crate::house::{BuildReport, ChargeCard, House, PAYMENTS, complete, park};

#[command(domain = "reporting")]
#[derive(Serialize, Deserialize)]
pub(crate) struct Shred {
    page: u32,
}

#[command(domain = "reporting")]
#[derive(Serialize, Deserialize)]
pub(crate) struct SendReport {
    page: u32,
}

#[handler]
async fn shred(_: Shred) {}

#[handler]
async fn send_report(report: SendReport) -> Result<(), Failure> {
    match report.page {
        8 => Err(Failure::permanent("PRINTER_ON_FIRE", "the printer <b>burns</b> & smokes")),
        9 => Err(Failure::business_rule("NO_READER", "nobody reads page 9")),
        _ => Ok(()),
    }
}

/// A process that can be blocked, and taken back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Publication {
    page: u32,
}

#[process(domain = "reporting", steps = [build, send])]
impl Publication {
    fn build(&self) -> BuildReport {
        BuildReport { page: self.page }
    }

    #[undo(build)]
    fn shred(&self) -> Shred {
        Shred { page: self.page }
    }

    fn send(&self) -> SendReport {
        SendReport { page: self.page }
    }
}

/// What a filled database holds.
pub(crate) struct Filled {
    pub(crate) parked: Vec<CommandId>,
    pub(crate) card: CommandId,
    pub(crate) done: CommandId,
    pub(crate) batch: BatchId,
    pub(crate) process_batch: BatchId,
    pub(crate) blocked: ProcessId,
    pub(crate) taken_back: ProcessId,
}

/// The text that a hostile sender would have run on the pages.
pub(crate) const HOSTILE: &str = "<script>alert(\"1\")</script><img src=x onerror=alert(1)>'&";

pub(crate) async fn fill(house: &House) -> Filled {
    let done = house.send(json!({ "cents": 1 })).await;
    house.settle(complete).await;
    let mut parked = house.parked(3, "BANK_DOWN").await;
    parked.extend(house.parked(2, "ACCOUNT_CLOSED").await);
    let charge = ChargeCard { cents: 5, card: "4242 4242".to_owned() };
    let card = charge.send(&house.bus).await.unwrap().id();
    let hostile = house
        .bus
        .send_untyped(UntypedCommand::new(PAYMENTS.clone(), HOSTILE, json!({ HOSTILE: HOSTILE })).group(HOSTILE))
        .await
        .unwrap()
        .id();
    parked.push(hostile);
    house.settle(|| park("HOSTILE")).await;
    parked.push(card);
    let batch = house.batch_of(5).await;

    let pages = [1, 2, 8, 9].map(|page| json!({ "page": page })).to_vec();
    let reporting = commandbus::message::Domain::from_static("reporting");
    let (process_batch, processes) =
        house.bus.start_untyped_batch(&reporting, "Publication", "Publications", pages).await.unwrap();
    let worker = Worker::new(&house.bus, "reporting").build().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(worker.run_until(async { drop(stopped.await) }));
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let now = house.bus.batches().get(&reporting, process_batch).await.unwrap().unwrap();
        if (now.completed_count, now.canceled_count, now.in_troubleshooting_count) == (2, 1, 1) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "waited in vain: {now:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stop);
    working.await.unwrap().unwrap();
    Filled { parked, card, done, batch, process_batch, blocked: processes[2], taken_back: processes[3] }
}
