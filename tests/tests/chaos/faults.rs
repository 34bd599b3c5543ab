//! What goes wrong, and in which order.

use rand::{rngs::StdRng, seq::SliceRandom};

use crate::Size;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// A worker process gets SIGKILL.
    Kill,
    /// The server and all its processes get SIGKILL, and it is started again.
    Crash,
    /// Connections are cut.
    Cut,
    /// Connections stay open, and nothing comes through any more.
    Stall,
}

pub(crate) fn schedule(size: Size, random: &mut StdRng) -> Vec<Fault> {
    let counts =
        [(Fault::Kill, size.kills), (Fault::Crash, size.crashes), (Fault::Cut, size.cuts), (Fault::Stall, size.stalls)];
    let mut faults: Vec<Fault> =
        counts.into_iter().flat_map(|(fault, count)| std::iter::repeat_n(fault, count)).collect();
    faults.shuffle(random);
    faults
}
