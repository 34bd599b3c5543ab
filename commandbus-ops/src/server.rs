//! A server of its own.

use std::{future::Future, io, net::SocketAddr};

use axum::Router;
use commandbus::bus::Bus;
use tokio::net::TcpListener;

use crate::api::{Options, router};

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Everybody on the network could use it.
    #[error(
        "{address} can be reached from other machines, and nobody would be asked who they are: give tokens or passwords, or \
         listen on 127.0.0.1"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}. Is something else there? Choose another port with `--listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server failed.
    #[error("the server failed: {0}")]
    Io(#[from] io::Error),
}

/// Refuses an address that other machines reach where callers are not asked who they are.
///
/// # Errors
///
/// [`ServeError::Exposed`].
pub fn check_exposure(address: SocketAddr, options: &Options) -> Result<(), ServeError> {
    if address.ip().is_loopback() || options.access.authenticates() {
        return Ok(());
    }
    Err(ServeError::Exposed { address })
}

/// Serves [`router`] until `shutdown` completes, and tells the address once it listens.
///
/// ```
/// use commandbus_ops::{Anybody, Options, Rights, serve};
///
/// # async fn example(bus: commandbus::bus::Bus) -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options::new(Anybody::named("me", Rights::VIEW)); // on one's own machine only
/// let stopped = async { drop(tokio::signal::ctrl_c().await) };
/// serve(bus, "127.0.0.1:8080".parse()?, options, |address| println!("http://{address}"), stopped).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ServeError`]: among others, when the address is not a loopback one and the options ask nobody who they are.
pub async fn serve(
    bus: Bus,
    address: SocketAddr,
    options: Options,
    listening: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    check_exposure(address, &options)?;
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    listening(listener.local_addr()?);
    let app: Router = router(bus, options);
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await?;
    Ok(())
}
