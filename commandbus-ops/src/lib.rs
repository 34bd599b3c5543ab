//! For the people who run commandbus: an HTTP API to mount in one's own axum server, and the command line `commandbus`.
//!
//! Both are thin over [`commandbus::ops`]. [`router`] makes the routes, for any prefix:
//!
//! ```no_run
//! use commandbus::bus::Bus;
//! use commandbus_ops::{Options, Rights, Tokens, router};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = Bus::connect("postgres://app@db.internal/app").await?;
//! let access = Tokens::new().with("olivia", &std::env::var("OLIVIAS_TOKEN")?, Rights::VIEW | Rights::OPERATE);
//! let app = axum::Router::new().nest("/ops", router(bus, Options::new(access).writable()));
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Everything is read-only unless [`Options::writable`] says otherwise. Who asks, and what they may do, is for an
//! [`Access`] to say: [`Tokens`], [`Passwords`], [`Anybody`] on one's own machine, or [`HostApp`], which takes the
//! [`Caller`] that a layer of the mounting program left in the extensions of the request.

mod access;
mod api;
mod guard;
mod problem;
mod server;
pub mod view;

pub use access::{Access, Anybody, Caller, HostApp, Passwords, Rights, Tokens};
pub use api::{Options, openapi, router};
pub use problem::Problem;
pub use server::{ServeError, check_exposure, serve};
