//! The domain `orders`: a process over the two others.

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ChargeCard, Receipt, ReleaseGoods, ReserveGoods, Shelf};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) article: String,
    pub(crate) pieces: u32,
    pub(crate) card: String,
    pub(crate) shelf: Option<Shelf>,
    pub(crate) receipt: Option<String>,
}

impl Order {
    pub(crate) fn new(number: u32, article: &str, pieces: u32, card: &str) -> Self {
        Self { number, article: article.into(), pieces, card: card.into(), shelf: None, receipt: None }
    }
}

#[process(domain = "orders", steps = [reserve, charge], deadline = "1h")]
impl Order {
    fn reserve(&self) -> ReserveGoods {
        ReserveGoods { article: self.article.clone(), pieces: self.pieces }
    }

    #[on(reserve)]
    fn reserved(&mut self, shelf: Shelf) {
        self.shelf = Some(shelf);
    }

    #[undo(reserve)]
    fn release(&self) -> ReleaseGoods {
        ReleaseGoods { article: self.article.clone(), pieces: self.pieces, shelf: self.shelf }
    }

    #[step(timeout = "5m")]
    fn charge(&self) -> ChargeCard {
        ChargeCard { order: self.number, cents: i64::from(self.pieces) * 2_500, card: self.card.clone() }
    }

    #[on(charge)]
    fn charged(&mut self, receipt: Receipt) {
        self.receipt = Some(receipt.number);
    }
}
