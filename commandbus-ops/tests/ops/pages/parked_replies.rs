//! Replies that a process could not take in.

use commandbus::{
    bus::Bus,
    message::Failure,
    prelude::*,
    worker::{Worker, WorkerError},
};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{ANN, Browser, VIC, house, leads_to};
use crate::api::{api, until};

#[derive(Serialize, Deserialize)]
struct Receipt {
    number: u32,
}

#[command(domain = "delivery", reply = Receipt)]
#[derive(Serialize, Deserialize)]
struct Deliver {}

#[handler]
async fn deliver(_: Deliver) -> Result<Receipt, Failure> {
    Err(Failure::permanent("LOST", "the parcel is lost"))
}

#[derive(Serialize, Deserialize)]
struct Delivery {
    receipt: Option<u32>,
}

#[process(domain = "delivery", steps = [deliver])]
impl Delivery {
    fn deliver(&self) -> Deliver {
        Deliver {}
    }

    #[on(deliver)]
    fn delivered(&mut self, receipt: Receipt) {
        self.receipt = Some(receipt.number);
    }
}

/// A worker, and what ends it.
fn work(bus: &Bus) -> (oneshot::Sender<()>, JoinHandle<Result<(), WorkerError>>) {
    let worker = Worker::new(bus, "delivery").build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    (stop, tokio::spawn(worker.run_until(async { drop(stopped.await) })))
}

#[tokio::test]
async fn a_reply_that_could_not_be_taken_in_is_shown_and_retried_with_another_result() {
    let (house, mut browser) = house(ANN).await;
    let process = Delivery { receipt: None }.start(&house.bus).await.unwrap().id();
    let (stop, working) = work(&house.bus);
    let app = api(&house.bus);
    let path = format!("/api/processes/delivery/{process}");
    let blocked = until(&app, &path, |detail| detail["process"]["status"] == "WAITING_FOR_TSQ").await;
    let command = blocked["steps"][0]["command_id"].as_str().unwrap();
    let page = browser.page(&format!("/processes/delivery/{process}")).await;
    assert!(page.contains("Blocked by Deliver of step deliver") && !page.contains("parked-replies"), "{page}");

    drop(stop);
    working.await.unwrap().unwrap();

    // Completed by hand with what the process cannot read, and read four times already: the fifth time it is parked.
    let complete = format!("/troubleshooting/delivery/{command}/complete");
    leads_to(&browser.fill_in(&complete, &complete, &[("result", "{\"parcel\": \"found\"}")]).await);
    house.run("update pgmq.q_delivery__process_replies set read_ct = 4").await;
    let (stop, working) = work(&house.bus);
    until(&app, "/api/parked-replies/delivery", |replies| replies["items"].as_array().unwrap().len() == 1).await;
    let page = browser.page(&format!("/processes/delivery/{process}")).await;
    assert!(page.contains("Blocked by 1 of the replies") && !page.contains("Blocked by Deliver"), "{page}");
    let list = "/processes/delivery/parked-replies";
    let page = browser.page(list).await;
    assert!(
        page.contains("found") && page.contains(&format!("../delivery/{process}").replace("../", "processes/")),
        "{page}"
    );
    let retry = page.split("href=\"").find(|link| link.contains("/retry\"")).unwrap().split('"').next().unwrap();
    let retry = retry.trim_start_matches("../..").to_owned();

    let mut vic = Browser::of(api(&house.bus), Some(VIC));
    assert!(!vic.page(list).await.contains("/retry"));
    assert_eq!(vic.open(&retry).await.status.as_u16(), 403);
    let done =
        browser.fill_in(&retry, &retry, &[("result", "{\"number\": 7}"), ("reason", "read it on the phone")]).await;
    assert!(leads_to(&done).ends_with("notice=reply-retried"));
    let ended = until(&app, &path, |detail| detail["process"]["status"] == "COMPLETED").await;
    assert_eq!(ended["process"]["state"]["receipt"], 7);
    assert_eq!(browser.open(&retry).await.status.as_u16(), 404, "it is parked no more");
    drop(stop);
    working.await.unwrap().unwrap();
}
