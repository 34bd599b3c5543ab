//! The domain `billing`: cards are charged, and not every time.

use std::time::Duration;

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};

/// Charges a card for an order.
#[command(domain = "billing", reply = Charged, max_attempts = 2, backoff = "500ms")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ChargeCard {
    pub(super) order: u32,
    pub(super) cents: u32,
    /// Nobody is to read it on a page.
    #[command(sensitive)]
    pub(super) card: String,
}

/// What the bank calls the charge.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Charged {
    pub(super) receipt: String,
}

/// Gives back what was charged.
#[command(domain = "billing")]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RefundCard {
    pub(super) order: u32,
    pub(super) receipt: Option<String>,
}

/// Why something was not billed.
#[derive(Debug, thiserror::Error, HandlerError)]
pub(super) enum BillingError {
    #[error("the bank declined to pay {0} cents")]
    #[business_rule(code = "CARD_DECLINED")]
    Declined(u32),
    #[error("the card expired in 2024")]
    #[permanent(code = "CARD_EXPIRED")]
    Expired,
    #[error("the bank did not answer within 2 s")]
    #[transient(code = "BANK_UNREACHABLE")]
    Unreachable,
}

#[handler]
async fn charge_card(charge: ChargeCard) -> Result<Charged, BillingError> {
    work(400, charge.order).await;
    match charge.card.rsplit(' ').next() {
        Some("0002") => Err(BillingError::Declined(charge.cents)),
        Some("0069") => Err(BillingError::Expired),
        Some("0119") => Err(BillingError::Unreachable),
        _ => Ok(Charged { receipt: format!("R-{:06}", charge.order) }),
    }
}

#[handler]
async fn refund_card(refund: RefundCard) -> Result<(), BillingError> {
    work(300, refund.order).await;
    Ok(())
}

/// Takes its time, as what is asked elsewhere does.
pub(super) async fn work(most_ms: u64, number: u32) {
    tokio::time::sleep(Duration::from_millis(most_ms / 3 + u64::from(number) * 37 % most_ms)).await;
}
