//! The program under test: a shop that sets goods aside, takes the money, and gives the goods back if that fails.

mod order;
mod till;
mod warehouse;

pub(crate) use order::Order;
pub(crate) use till::{ChargeCard, ChargeError, Network, NetworkError, Receipt, SendReceipt, Till, charge_card};
pub(crate) use warehouse::{ReleaseGoods, ReserveGoods, Shelf, Warehouse};
