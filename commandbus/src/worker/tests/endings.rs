//! What becomes of a command, by what its handler did.

use super::*;

#[tokio::test(start_paused = true)]
async fn every_ending_is_recorded() {
    let house = House::new().await;
    let done = house.send(Act::Reply(7)).await;
    let second = house.send(Act::SucceedAt(2)).await;
    let exhausted = house.send(Act::Transient).await;
    let permanent = house.send(Act::Permanent).await;
    let rule = house.send(Act::Rule).await;
    let panic = house.send(Act::Panic).await;
    let undecodable = house.send_as("Act", &to_raw_value("nonsense").unwrap()).await;
    let slow = house.send_as("Hurry", &to_raw_value(&Act::Hang).unwrap()).await;
    let worker = AtWork::start(house.worker());

    for (id, status, attempts, code) in [
        (done, CommandStatus::Completed, 1, None),
        (second, CommandStatus::Completed, 2, Some("BUSY")),
        (exhausted, CommandStatus::InTroubleshooting, 3, Some("BUSY")),
        (permanent, CommandStatus::InTroubleshooting, 1, Some("CLOSED")),
        (rule, CommandStatus::Failed, 1, Some("NO_FUNDS")),
        (panic, CommandStatus::InTroubleshooting, 3, Some("PANIC")),
        (undecodable, CommandStatus::InTroubleshooting, 1, Some("UNDECODABLE")),
        (slow, CommandStatus::InTroubleshooting, 3, Some("TIMEOUT")),
    ] {
        let command = house.until_status(id, status).await;
        assert_eq!(command.attempts, attempts, "{code:?}");
        if let Some(code) = code.filter(|_| id != second) {
            assert_eq!(command.last_error_code.as_deref(), Some(code));
        }
    }
    let message = house.command(panic).await.last_error_msg;
    assert_eq!(message.as_deref(), Some("index out of bounds"));
    let reply = house.memory.replies(&DOMAIN, &[done]).await.unwrap().remove(0);
    assert_eq!(reply.result.unwrap().get(), "7");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn retries_wait_for_their_backoff() {
    let house = House::new().await;
    let began = house.memory.now().await.unwrap();
    let id = house.send(Act::Transient).await;
    let worker = AtWork::start(house.worker().poll_interval(Duration::from_secs(1)));
    let parked = house.until_status(id, CommandStatus::InTroubleshooting).await;
    let took = (parked.updated_at - began).to_std().unwrap();
    let schedule = Backoff::DEFAULT.after(1) + Backoff::DEFAULT.after(2);
    assert!(took >= schedule.mul_f64(0.9), "{took:?}");
    assert!(took <= schedule.mul_f64(1.1) + Duration::from_secs(3), "the poll adds a little: {took:?}");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn unknown_types_are_given_back_uncounted() {
    let house = House::new().await;
    let id = house.send_as("Novel", &to_raw_value(&()).unwrap()).await;
    let worker = AtWork::start(house.worker());
    until(async || house.command(id).await.delivery >= 3).await;
    let command = house.until_status(id, CommandStatus::Pending).await;
    assert_eq!(command.attempts, 0);
    worker.stop().await;

    let worker = AtWork::start(house.worker().park_unknown_types());
    let parked = house.until_status(id, CommandStatus::InTroubleshooting).await;
    assert_eq!(parked.last_error_code.as_deref(), Some("UNKNOWN_COMMAND_TYPE"));
    worker.stop().await;
}
