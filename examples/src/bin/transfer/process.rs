//! The process: money moves from an account of one bank to an account of another, or nothing moves.

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::banks::{CreditAccount, DebitAccount, FundsReserved, RefundAccount, ReleaseFunds, ReserveFunds};

/// A transfer on its way. What it learns from replies is kept with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) transfer: Uuid,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) cents: i64,
    pub(crate) hold: Option<i64>,
}

impl Transfer {
    pub(crate) fn new(from: impl Into<String>, to: impl Into<String>, cents: i64) -> Self {
        Self { transfer: Uuid::now_v7(), from: from.into(), to: to.into(), cents, hold: None }
    }
}

#[process(domain = "transfers", steps = [reserve, debit, credit])]
impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds { account: self.from.clone(), cents: self.cents }
    }

    #[on(reserve)]
    fn reserved(&mut self, reply: FundsReserved) {
        self.hold = Some(reply.hold);
    }

    #[undo(reserve)]
    fn release(&self) -> ReleaseFunds {
        ReleaseFunds { hold: self.hold }
    }

    fn debit(&self) -> DebitAccount {
        DebitAccount { transfer: self.transfer, hold: self.hold }
    }

    #[undo(debit)]
    fn refund(&self) -> RefundAccount {
        RefundAccount { transfer: self.transfer, account: self.from.clone() }
    }

    fn credit(&self) -> CreditAccount {
        CreditAccount { transfer: self.transfer, account: self.to.clone() }
    }
}

#[cfg(test)]
mod tests {
    use commandbus::testing::TestProcess;

    use super::*;

    #[test]
    fn a_transfer_reserves_debits_and_credits() {
        TestProcess::start(Transfer::new("ada", "bob", 5_000))
            .expect::<ReserveFunds>()
            .with(|command| assert_eq!(command.cents, 5_000))
            .reply(FundsReserved { hold: 7 })
            .expect::<DebitAccount>()
            .with(|command| assert_eq!(command.hold, Some(7)))
            .reply(())
            .expect::<CreditAccount>()
            .reply(())
            .completed();
    }

    #[test]
    fn a_credit_that_is_refused_takes_everything_back_newest_first() {
        TestProcess::start(Transfer::new("ada", "nobody", 5_000))
            .expect::<ReserveFunds>()
            .reply(FundsReserved { hold: 7 })
            .expect::<DebitAccount>()
            .reply(())
            .expect::<CreditAccount>()
            .fails("UNKNOWN_ACCOUNT")
            .expect::<RefundAccount>()
            .reply(())
            .expect::<ReleaseFunds>()
            .with(|command| assert_eq!(command.hold, Some(7)))
            .reply(())
            .canceled();
    }
}
