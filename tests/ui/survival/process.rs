//! mistake: one mistake in a process that is used twenty times
//! instead: `deadline = "1h"`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    cents: u64,
}

#[derive(Serialize, Deserialize)]
struct Transfer {
    cents: u64,
}

#[process(domain = "transfers", steps = [debit, (first, second)], deadline = "1 hour")]
impl Transfer {
    #[step(timeout = "30s")]
    fn debit(&self) -> DebitAccount {
        DebitAccount { cents: self.cents }
    }

    #[on(debit)]
    fn debited(&mut self, reply: u64) {
        self.cents = reply;
    }

    #[undo(debit)]
    fn credit(&self) -> DebitAccount {
        self.debit()
    }

    fn first(&self) -> DebitAccount {
        self.debit()
    }

    fn second(&self) -> DebitAccount {
        self.debit()
    }

    fn next(&self, done: TransferStep) -> Next<TransferStep> {
        match done {
            TransferStep::Debit if self.cents == 0 => Next::Step(TransferStep::First),
            TransferStep::Debit | TransferStep::First | TransferStep::Second => Next::Continue,
        }
    }
}

fn new() -> Transfer {
    Transfer { cents: 1 }
}

fn process() -> impl Process {
    new()
}

fn spec() -> (&'static str, usize) {
    (Transfer::SPEC.name, Transfer::SPEC.steps.len())
}

fn step() -> <Transfer as Process>::Step {
    TransferStep::Second
}

fn called(mut transfer: Transfer) -> [DebitAccount; 4] {
    transfer.debited(5);
    let _ = transfer.next(TransferStep::Debit);
    [transfer.debit(), transfer.credit(), transfer.first(), transfer.second()]
}

async fn started(bus: &Bus) {
    new().start(bus).await.unwrap();
    let _ = Transfer::started(bus, commandbus::message::ProcessId::new());
}

async fn batch(bus: &Bus) {
    Transfer::batch("Payroll").push(new()).extend([new()]).start(bus).await.unwrap();
}

fn tested() -> commandbus::testing::TestProcess<Transfer> {
    commandbus::testing::TestProcess::start(new()).expect::<DebitAccount>().reply(5)
}

fn stored() -> serde_json::Result<Transfer> {
    serde_json::from_str(&serde_json::to_string(&new())?)
}

fn debug(step: TransferStep) -> String {
    format!("{step:?}")
}

fn main() {}
