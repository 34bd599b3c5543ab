//! A crate of handlers, for programs that name it and programs that do not.

use commandbus::prelude::*;

/// Asks whether anyone is there.
#[command(domain = "unlinked")]
#[derive(Debug, Serialize, Deserialize)]
pub struct Ping;

/// Someone is.
#[handler]
pub async fn ping(_: Ping) {}
