//! What a program can do. Numbers choose among what there is when the step is taken, the newest first, so that a shorter
//! program is a program, too.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Step {
    /// Sends commands, each for itself.
    Send(Vec<Draft>),
    /// Sends commands all or none, perhaps with one that there is.
    SendAll(Vec<Draft>, Option<usize>),
    /// Sends a command that there is.
    SendAgain(usize),
    /// Creates a batch, with a callback or without, perhaps with a command that there is.
    Batch {
        drafts: Vec<Draft>,
        then: bool,
        again: Option<usize>,
    },
    Receive,
    /// Settles deliveries, of any age, in one group.
    Settle(Vec<(usize, End)>),
    /// Settles a delivery in the transaction of its handler.
    SettleWithin(usize),
    Renew(usize),
    /// Minutes go by.
    Pass(u32),
    Cancel(usize),
    CancelRest(usize),
    /// An operator's verb on a command in whatever state.
    Resolve(usize, Verb),
    /// An operator's verb on one that is parked.
    ResolveParked(usize, Verb),
    Pause(Option<usize>, bool),
    /// A message that nobody waits for.
    Stray(Junk),
    Fold,
    /// Starts a process of so many visits of so many steps, perhaps in a batch that is to be filled.
    Start {
        plan: Plan,
        batch: Option<usize>,
    },
    /// Creates a batch of processes; what is missing of its total is for later starts.
    StartBatch {
        plans: Vec<Plan>,
        missing: u32,
    },
    /// Routes every reply there is, and what is due.
    Route,
    /// Routes, and then once more as somebody who comes too late.
    RouteLate,
    /// Puts replies off, or parks them for an operator.
    SetAside {
        park: bool,
    },
    RetryReplies(bool),
    /// Puts a reply again that a process got, or will get.
    Echo(usize),
}

/// A command to send.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) attempts: u32,
    /// To the queue of replies, to a queue that does not exist, or not at all.
    pub(super) reply: Option<bool>,
    pub(super) minutes: u32,
    pub(super) group: Option<u8>,
}

/// How a delivery ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum End {
    Complete {
        result: bool,
        keep: bool,
    },
    Retry(u32),
    Park,
    Exhausted,
    Fail {
        keep: bool,
    },
    GiveBack(u32),
    /// With a result that cannot be stored.
    Bad,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Verb {
    Retry,
    Edit,
    Cancel,
    Complete,
    CompleteWith,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Junk {
    Malformed,
    Absent,
    /// Of a command that there is, in another message than the one it waits for.
    Of(usize),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) visits: u32,
    pub(super) width: u32,
    /// How many minutes each step has.
    pub(super) timeout: Option<u32>,
    pub(super) deadline: Option<u32>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let group = option::weighted(0.15, 0_u8..2);
    let minutes = prop_oneof![5 => Just(0), 1 => 1_u32..4];
    (1_u32..4, option::of(prop::bool::weighted(0.9)), minutes, group)
        .prop_map(|(attempts, reply, minutes, group)| Draft { attempts, reply, minutes, group })
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    vec(draft(), 1..4)
}

/// One of what there is, mostly one of the newest.
fn which() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0_usize..4, 1 => 0_usize..64]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        5 => (any::<bool>(), any::<bool>()).prop_map(|(result, keep)| End::Complete { result, keep }),
        3 => (0_u32..3).prop_map(End::Retry),
        3 => Just(End::Park),
        1 => Just(End::Exhausted),
        2 => any::<bool>().prop_map(|keep| End::Fail { keep }),
        2 => (0_u32..2).prop_map(End::GiveBack),
        1 => Just(End::Bad),
    ]
}

fn verb() -> impl Strategy<Value = Verb> {
    select(vec![Verb::Retry, Verb::Retry, Verb::Edit, Verb::Cancel, Verb::Complete, Verb::CompleteWith])
}

fn junk() -> impl Strategy<Value = Junk> {
    prop_oneof![Just(Junk::Malformed), Just(Junk::Absent), which().prop_map(Junk::Of)]
}

fn plan() -> impl Strategy<Value = Plan> {
    (1_u32..4, 1_u32..3, option::weighted(0.3, 1_u32..4), option::weighted(0.2, 2_u32..6))
        .prop_map(|(visits, width, timeout, deadline)| Plan { visits, width, timeout, deadline })
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => drafts().prop_map(Step::Send),
        1 => (drafts(), option::of(which())).prop_map(|(drafts, again)| Step::SendAll(drafts, again)),
        1 => which().prop_map(Step::SendAgain),
        4 => (drafts(), any::<bool>(), option::weighted(0.1, which()))
            .prop_map(|(drafts, then, again)| Step::Batch { drafts, then, again }),
        12 => Just(Step::Receive),
        14 => vec((which(), end()), 1..4).prop_map(Step::Settle),
        3 => which().prop_map(Step::SettleWithin),
        2 => which().prop_map(Step::Renew),
        5 => (1_u32..4).prop_map(Step::Pass),
        2 => which().prop_map(Step::Cancel),
        1 => which().prop_map(Step::CancelRest),
        1 => (which(), verb()).prop_map(|(which, verb)| Step::Resolve(which, verb)),
        5 => (which(), verb()).prop_map(|(which, verb)| Step::ResolveParked(which, verb)),
        3 => (option::weighted(0.8, which()), any::<bool>()).prop_map(|(which, paused)| Step::Pause(which, paused)),
        1 => junk().prop_map(Step::Stray),
        1 => Just(Step::Fold),
        4 => (plan(), option::of(which())).prop_map(|(plan, batch)| Step::Start { plan, batch }),
        2 => (vec(plan(), 0..3), 0_u32..3).prop_map(|(plans, missing)| Step::StartBatch { plans, missing }),
        7 => Just(Step::Route),
        1 => Just(Step::RouteLate),
        1 => any::<bool>().prop_map(|park| Step::SetAside { park }),
        2 => any::<bool>().prop_map(Step::RetryReplies),
        1 => which().prop_map(Step::Echo),
    ]
}
