//! What became of commands, for a test of a program on a bus.

use std::time::{Duration, Instant};

use crate::{
    bus::Bus,
    message::{Command, CommandId, CommandMetadata, CommandStatus, Domain, envelope::Envelope},
    store::{Store, memory::MemoryStore},
};

/// How long a test waits, by the clock on the wall: the one of its runtime may be paused.
const PATIENCE: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(5);

/// Waits until a command is in this state, for what sends no reply: one that is parked, or waits for its next attempt.
///
/// ```
/// # use commandbus::prelude::*;
/// use commandbus::{message::CommandStatus, testing::wait_for};
/// # #[command(domain = "books")]
/// # #[derive(Serialize, Deserialize)]
/// # struct CloseMonth;
/// # #[handler]
/// # async fn close_month(_: CloseMonth) -> Result<(), Failure> { Err(Failure::permanent("NO_BOOKS", "there are none")) }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// let worker = Worker::new(&bus, "books").build()?;
/// worker
///     .run_until(async {
///         let sent = CloseMonth.send(&bus).await.unwrap();
///         let parked = wait_for(&bus, sent.domain(), sent.id(), CommandStatus::InTroubleshooting).await;
///         assert_eq!(parked.last_error_code.as_deref(), Some("NO_BOOKS"));
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// When the command ends otherwise, is not in this state after 20 seconds, or the store cannot be asked.
pub async fn wait_for(bus: &Bus, domain: &Domain, id: CommandId, status: CommandStatus) -> CommandMetadata {
    let begin = Instant::now();
    loop {
        let found = bus.commands().get(domain, id).await;
        let found = found.unwrap_or_else(|error| panic!("command {id} cannot be looked at: {error}"));
        match found {
            Some(command) if command.status == status => return command,
            Some(command) if command.status.is_terminal() || begin.elapsed() > PATIENCE => {
                let error = command.last_error_msg.map(|error| format!(", because: {error}")).unwrap_or_default();
                panic!("expected command {id} to be {status}, but it is {}{error}", command.status);
            }
            None if begin.elapsed() > PATIENCE => panic!("there is no command {id} in domain `{domain}`"),
            Some(_) | None => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Every `C` that was sent to a store in memory and has not ended, oldest first: all of them, where no worker runs.
///
/// ```
/// # use commandbus::{prelude::*, store::memory::MemoryStore, testing};
/// # use std::sync::Arc;
/// # #[command(domain = "mail")]
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct SendReceipt { to: String, cents: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = Arc::new(MemoryStore::new());
/// let bus = Bus::from_store(store.clone());
///
/// SendReceipt { to: "ada".into(), cents: 500 }.send(&bus).await?; // by what is tested
///
/// assert!(matches!(&testing::outstanding::<SendReceipt>(&store).await[..], [SendReceipt { cents: 500, .. }]));
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// When one of them cannot be read as a `C`.
pub async fn outstanding<C: Command>(store: &MemoryStore) -> Vec<C> {
    let domain = &C::SPEC.domain;
    let queue = domain.commands_queue();
    // What is parked is archived; what an operator sends again is in both.
    let mut messages = [store.archived(&queue), store.messages(&queue)].concat();
    messages.sort_by_key(|message| message.msg_id);
    let mut found = Vec::new();
    for message in messages {
        let Ok(envelope) = serde_json::from_str::<Envelope>(message.body.get()) else { continue };
        let command = store.command(domain, envelope.command_id).await.ok().flatten();
        let is_outstanding =
            command.is_some_and(|command| command.msg_id == Some(message.msg_id) && !command.status.is_terminal());
        if is_outstanding && envelope.command_type == C::SPEC.name {
            let command = serde_json::from_str(envelope.data.get());
            found
                .push(command.unwrap_or_else(|error| panic!("a `{}` that was sent is not one: {error}", C::SPEC.name)));
        }
    }
    found
}
