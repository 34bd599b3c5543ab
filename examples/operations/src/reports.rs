//! What this service is for: it writes reports. Some of them want an operator.

use commandbus::{bus::SendManyError, prelude::*};

#[command(domain = "reports", reply = u32)]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WriteReport {
    pub(crate) customer: u32,
    pub(crate) format: String,
    /// Masked on every page, for the type is linked into the program that serves them.
    #[command(sensitive)]
    pub(crate) password: String,
}

#[handler]
pub(crate) async fn write_report(cmd: WriteReport) -> Result<u32, Failure> {
    match cmd.format.as_str() {
        "pdf" => Ok(cmd.customer * 3),
        other => Err(Failure::permanent("UNKNOWN_FORMAT", format!("nobody knows how to write `{other}`"))),
    }
}

/// Twenty reports, two of which will be parked.
pub(crate) async fn order_some(bus: &Bus) -> Result<(), SendManyError> {
    let report = |customer| WriteReport {
        customer,
        format: if customer % 10 == 0 { "papyrus".into() } else { "pdf".into() },
        password: "swordfish".into(),
    };
    bus.send_many((1..=20).map(report)).await?;
    Ok(())
}
