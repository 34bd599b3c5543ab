#![doc = include_str!("../README.md")]
//!
//! ## With tokens
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

mod access;
mod api;
mod guard;
mod pages;
mod problem;
mod server;
pub mod view;

pub use access::{Access, Anybody, Caller, HostApp, Passwords, Rights, Tokens};
pub use api::{Options, openapi, router};
pub use pages::pages;
pub use problem::Problem;
pub use server::{ServeError, check_exposure, serve};
