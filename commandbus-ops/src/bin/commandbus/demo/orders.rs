//! The domain `orders`: an order is a process over the other two.

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    billing::{ChargeCard, Charged, RefundCard},
    warehouse::{PackParcel, ReleaseGoods, ReserveGoods, Shelf},
};

/// An order on its way to its customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) order: u32,
    pub(super) article: String,
    pub(super) cents: u32,
    /// The card itself is none of its state, which everybody may read who may look.
    pub(super) wallet: Wallet,
    pub(super) shelf: Option<String>,
    pub(super) receipt: Option<String>,
}

/// What the customer pays with.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Wallet {
    Good,
    Declined,
    Expired,
    /// Of a bank that does not answer.
    Unreachable,
}

impl Wallet {
    pub(super) fn card(self) -> String {
        let end = match self {
            Self::Good => "4242",
            Self::Declined => "0002",
            Self::Expired => "0069",
            Self::Unreachable => "0119",
        };
        format!("4000 0000 0000 {end}")
    }
}

#[process(domain = "orders", steps = [reserve, charge, pack])]
impl Order {
    fn reserve(&self) -> ReserveGoods {
        ReserveGoods { order: self.order, article: self.article.clone() }
    }

    #[on(reserve)]
    fn reserved(&mut self, reply: Shelf) {
        self.shelf = Some(reply.shelf);
    }

    #[undo(reserve)]
    fn release(&self) -> ReleaseGoods {
        ReleaseGoods { order: self.order }
    }

    fn charge(&self) -> ChargeCard {
        ChargeCard { order: self.order, cents: self.cents, card: self.wallet.card() }
    }

    #[on(charge)]
    fn charged(&mut self, reply: Charged) {
        self.receipt = Some(reply.receipt);
    }

    #[undo(charge)]
    fn refund(&self) -> RefundCard {
        RefundCard { order: self.order, receipt: self.receipt.clone() }
    }

    fn pack(&self) -> PackParcel {
        PackParcel { order: self.order, article: self.article.clone() }
    }
}
