//! What the suites share: one PostgreSQL a run, one database a test.

mod administrator;
mod database;
mod fuzz;
mod invariants;
mod leftovers;
mod pooler;
mod proxy;
mod report;
mod server;
mod template;
mod tls;

pub use self::database::TestDatabase;
pub use self::fuzz::{Input, inputs};
pub use self::invariants::{OF_NOBODY, broken_rules};
pub use self::pooler::Pooler;
pub use self::proxy::Proxy;
pub use self::report::report;
pub use self::server::Server;
pub use self::tls::TlsServer;
