//! The domain `till`: money.

use std::sync::Arc;

use commandbus::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes money from a card.
#[command(
    domain = "till", reply = Receipt, version = 2, upcast(1 = ChargeCard::from_euros), max_attempts = 3,
    backoff = "10s, 60s"
)]
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ChargeCard {
    pub(crate) order: u32,
    pub(crate) cents: i64,
    #[command(sensitive)]
    pub(crate) card: String,
}

/// As it was sent before there were prices with cents.
#[derive(Deserialize)]
pub(crate) struct ChargeCardV1 {
    order: u32,
    euros: i64,
    card: String,
}

impl ChargeCard {
    fn from_euros(old: ChargeCardV1) -> Self {
        Self { order: old.order, cents: old.euros * 100, card: old.card }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Receipt {
    pub(crate) number: String,
}

/// Tells the customer; another program handles it.
#[command(domain = "mail")]
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SendReceipt {
    pub(crate) order: u32,
    pub(crate) number: String,
}

/// The network of the cards, which a test cannot call: behind a trait.
pub(crate) trait Network: Send + Sync {
    fn charge(&self, card: &str, cents: i64) -> Result<String, NetworkError>;
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum NetworkError {
    Unreachable,
    Declined,
    UnknownCard,
}

#[derive(Clone)]
pub(crate) struct Till(pub(crate) Arc<dyn Network>);

#[derive(Debug, thiserror::Error, HandlerError)]
pub(crate) enum ChargeError {
    #[error("the network of the cards does not answer")]
    #[transient(code = "NETWORK_UNREACHABLE")]
    Unreachable,
    #[error("the bank says no")]
    #[business_rule(code = "CARD_DECLINED")]
    Declined,
    #[error("order {0} has a card that nobody knows")]
    #[permanent(code = "UNKNOWN_CARD")]
    UnknownCard(u32),
    #[error(transparent)]
    #[transient(code = "RECEIPT_NOT_SENT")]
    NotSent(#[from] commandbus::bus::SendError),
}

#[handler]
pub(crate) async fn charge_card(
    command: ChargeCard,
    context: Context,
    State(till): State<Till>,
) -> Result<Receipt, ChargeError> {
    let number = till.0.charge(&command.card, command.cents).map_err(|error| match error {
        NetworkError::Unreachable => ChargeError::Unreachable,
        NetworkError::Declined => ChargeError::Declined,
        NetworkError::UnknownCard => ChargeError::UnknownCard(command.order),
    })?;
    SendReceipt { order: command.order, number: number.clone() }.send(context.bus()).await?;
    Ok(Receipt { number })
}
