//! The domain `warehouse`: goods. Its handlers share what they count, so they are methods of a set.

use std::{collections::HashMap, sync::Mutex};

use commandbus::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sets goods aside; for one article in the order that was asked.
#[command(domain = "warehouse", reply = Shelf, group_by = article)]
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReserveGoods {
    pub(crate) article: String,
    pub(crate) pieces: u32,
}

/// Where the goods wait.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shelf(pub(crate) u32);

/// Takes goods back that were set aside.
#[command(domain = "warehouse", group_by = article)]
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReleaseGoods {
    pub(crate) article: String,
    pub(crate) pieces: u32,
    pub(crate) shelf: Option<Shelf>,
}

pub(crate) struct Warehouse {
    stock: Mutex<HashMap<String, u32>>,
}

impl Warehouse {
    pub(crate) fn with(article: &str, pieces: u32) -> Self {
        Self { stock: Mutex::new(HashMap::from([(article.to_owned(), pieces)])) }
    }

    pub(crate) fn pieces(&self, article: &str) -> u32 {
        self.stock.lock().unwrap().get(article).copied().unwrap_or_default()
    }
}

#[handler_set]
impl Warehouse {
    #[handler]
    pub(crate) async fn reserve(&self, command: ReserveGoods) -> Result<Shelf, Failure> {
        let mut stock = self.stock.lock().unwrap();
        let left = stock.entry(command.article).or_default();
        let missing = || Failure::business_rule("OUT_OF_STOCK", format!("{} pieces are left", *left));
        *left = left.checked_sub(command.pieces).ok_or_else(missing)?;
        Ok(Shelf(7))
    }

    #[handler]
    pub(crate) async fn release(&self, command: ReleaseGoods) {
        // What was never set aside is not given back.
        if command.shelf.is_some() {
            *self.stock.lock().unwrap().entry(command.article).or_default() += command.pieces;
        }
    }
}
