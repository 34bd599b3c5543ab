//! The domain `warehouse`: goods are set aside and packed.

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};

use super::billing::work;

/// Sets goods aside.
#[command(domain = "warehouse", reply = Shelf)]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReserveGoods {
    pub(super) order: u32,
    pub(super) article: String,
}

/// Where they are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shelf {
    pub(super) shelf: String,
}

/// Puts them back.
#[command(domain = "warehouse")]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReleaseGoods {
    pub(super) order: u32,
}

/// Packs a parcel, and hands it to the post.
#[command(domain = "warehouse")]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PackParcel {
    pub(super) order: u32,
    pub(super) article: String,
}

/// Counts what is on a shelf.
#[command(domain = "warehouse", max_attempts = 2, backoff = "500ms")]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CountShelf {
    pub(super) shelf: String,
}

/// Why goods do not move.
#[derive(Debug, thiserror::Error, HandlerError)]
pub(super) enum WarehouseError {
    #[error("`{0}` is sold out")]
    #[business_rule(code = "SOLD_OUT")]
    SoldOut(String),
    #[error("`{0}` does not fit into any box")]
    #[permanent(code = "NO_BOX_FITS")]
    NoBox(String),
    #[error("the scanner of shelf {0} is off")]
    #[transient(code = "SCANNER_OFF")]
    ScannerOff(String),
}

#[handler]
async fn reserve_goods(goods: ReserveGoods) -> Result<Shelf, WarehouseError> {
    work(300, goods.order).await;
    if goods.article == "anvil" {
        return Err(WarehouseError::SoldOut(goods.article));
    }
    Ok(Shelf { shelf: format!("{}-{}", ["A", "B", "C"][goods.order as usize % 3], goods.order % 40) })
}

#[handler]
async fn release_goods(goods: ReleaseGoods) -> Result<(), WarehouseError> {
    work(200, goods.order).await;
    Ok(())
}

#[handler]
async fn pack_parcel(parcel: PackParcel) -> Result<(), WarehouseError> {
    work(900, parcel.order).await;
    match parcel.article.as_str() {
        "ladder" => Err(WarehouseError::NoBox(parcel.article)),
        // Somebody else was faster.
        "globe" => Err(WarehouseError::SoldOut(parcel.article)),
        _ => Ok(()),
    }
}

#[handler]
async fn count_shelf(count: CountShelf) -> Result<(), WarehouseError> {
    work(500, count.shelf.len().try_into().unwrap_or(0)).await;
    if count.shelf.starts_with('Z') { Err(WarehouseError::ScannerOff(count.shelf)) } else { Ok(()) }
}
