//! The domain `mail`: invoices go out, slowly.

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};

use super::billing::work;

/// Sends the invoice of a customer.
#[command(domain = "mail", max_attempts = 2, backoff = "500ms")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SendInvoice {
    pub(super) customer: u32,
    pub(super) address: String,
    pub(super) cents: u32,
}

/// Why an invoice does not go out.
#[derive(Debug, thiserror::Error, HandlerError)]
pub(super) enum MailError {
    #[error("`{0}` is no address")]
    #[permanent(code = "BAD_ADDRESS")]
    BadAddress(String),
    #[error("customer {0} has asked for no more mail")]
    #[business_rule(code = "UNSUBSCRIBED")]
    Unsubscribed(u32),
}

#[handler]
async fn send_invoice(invoice: SendInvoice) -> Result<(), MailError> {
    work(600, invoice.customer).await;
    if !invoice.address.contains('@') {
        return Err(MailError::BadAddress(invoice.address));
    }
    if invoice.address.starts_with("never@") {
        return Err(MailError::Unsubscribed(invoice.customer));
    }
    Ok(())
}
