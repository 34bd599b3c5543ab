//! From a record and the replies to it to one move.

use super::{
    Process, ProcessSpec,
    course::stray,
    error::RouteError,
    instance::{Instance, Reception, Turn},
};
use crate::{
    message::Reply,
    store::process::{ProcessRecord, StrayReplyReason},
};

/// A reply to a process.
#[derive(Debug, Clone)]
pub(crate) struct IncomingReply {
    /// The message that brought it.
    pub(crate) msg_id: i64,
    /// What it says.
    pub(crate) reply: Reply,
}

/// What is to be done about a process.
#[derive(Debug)]
pub(crate) struct Routed {
    /// What becomes of each reply, in their order.
    pub(crate) replies: Vec<Reaction>,
    /// Why its being due could not be seen to; it is to be put off then.
    pub(crate) due_error: Option<RouteError>,
    /// The one move that all of it makes, if any.
    pub(crate) turn: Option<Turn>,
}

/// What becomes of one reply.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    /// The move takes it in.
    Taken,
    /// It changes nothing, and is recorded.
    Stray(StrayReplyReason),
    /// It cannot be taken in as things are.
    Failed(RouteError),
}

/// Decides on a process. A reply that cannot be taken in hinders no other.
pub(crate) fn route<P: Process>(record: &ProcessRecord, replies: &[IncomingReply], is_due: bool) -> Routed {
    route_of(P::SPEC, record, replies, is_due)
}

/// The same for a table that is not the one of its type.
pub(crate) fn route_of<P: Process>(
    spec: &'static ProcessSpec<P>,
    record: &ProcessRecord,
    replies: &[IncomingReply],
    is_due: bool,
) -> Routed {
    // Whether a reply matters shows in the record, whatever its state and steps look like.
    let foretold = |incoming: &IncomingReply| {
        if record.status.is_terminal() {
            return Some(StrayReplyReason::Late);
        }
        let sent = record.steps.iter().find(|sent| sent.command_id == incoming.reply.command_id);
        stray(sent.map(|sent| sent.outcome))
    };
    let mut reactions: Vec<Option<Reaction>> =
        replies.iter().map(|incoming| foretold(incoming).map(Reaction::Stray)).collect();
    let mut due_error = None;
    loop {
        let is_due = is_due && due_error.is_none() && !record.status.is_terminal();
        if !is_due && reactions.iter().all(Option::is_some) {
            break Routed { replies: reactions.into_iter().flatten().collect(), due_error, turn: None };
        }
        // After a fault all is decided anew, without what was at fault: of what that left half-changed nothing stays.
        match attempt(spec, record, replies, &reactions, is_due) {
            Ok((taken, turn)) => {
                let replies = reactions.into_iter().zip(taken).map(|(reaction, taken)| reaction.unwrap_or(taken));
                break Routed { replies: replies.collect(), due_error, turn };
            }
            Err((Fault::Reply(at), error)) => reactions[at] = Some(Reaction::Failed(error)),
            Err((Fault::Due, error)) => due_error = Some(error),
            Err((Fault::Record, error)) => {
                for reaction in reactions.iter_mut().filter(|reaction| reaction.is_none()) {
                    *reaction = Some(Reaction::Failed(error.clone()));
                }
                due_error = is_due.then_some(error).or(due_error);
            }
        }
    }
}

/// What an error is to be laid to.
enum Fault {
    /// The process as it is stored.
    Record,
    /// This reply.
    Reply(usize),
    /// Its being due.
    Due,
}

/// Takes in the replies that nothing is decided about yet; what is decided keeps its place in the answer.
fn attempt<P: Process>(
    spec: &'static ProcessSpec<P>,
    record: &ProcessRecord,
    replies: &[IncomingReply],
    decided: &[Option<Reaction>],
    is_due: bool,
) -> Result<(Vec<Reaction>, Option<Turn>), (Fault, RouteError)> {
    let mut instance = Instance::from_record(spec, record).map_err(|error| (Fault::Record, error))?;
    let mut reactions = Vec::with_capacity(replies.len());
    let mut moved = false;
    for (at, incoming) in replies.iter().enumerate() {
        if let Some(decided) = &decided[at] {
            reactions.push(decided.clone());
            continue;
        }
        let reception = instance.reply(incoming.msg_id, &incoming.reply).map_err(|error| (Fault::Reply(at), error))?;
        reactions.push(match reception {
            Reception::Taken => {
                moved = true;
                Reaction::Taken
            }
            Reception::Stray(reason) => Reaction::Stray(reason),
        });
    }
    if is_due && !instance.has_ended() {
        instance.due().map_err(|error| (Fault::Due, error))?;
        // A process that is due for nothing moves as well, so that the store finds out when it is due again.
        moved = true;
    }
    Ok((reactions, moved.then(|| instance.into_turn())))
}
