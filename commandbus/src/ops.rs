//! Floor 7: what an operator may ask and do.
//!
//! The same functions serve Rust code, HTTP, the command line and the web pages.

mod audit;
mod batches;
mod commands;
mod error;
mod masking;
mod operations;
mod processes;
mod prune;
mod resolve;
mod system;
mod troubleshooting;

pub use audit::AuditTrail;
pub use batches::Batches;
pub use commands::Commands;
pub use error::OpsError;
pub use masking::MASK;
pub use operations::Operations;
pub use processes::Processes;
pub use prune::Prune;
pub use resolve::Operator;
pub use system::System;
pub use troubleshooting::{Case, Troubleshooting};

use crate::bus::Bus;

impl Bus {
    /// What is parked, and what an operator can do about it.
    pub fn troubleshooting(&self) -> Troubleshooting {
        Troubleshooting::new(self.clone())
    }

    /// Single commands: to look at, and to cancel before they run.
    pub fn commands(&self) -> Commands {
        Commands::new(self.clone())
    }

    /// Batches.
    pub fn batches(&self) -> Batches {
        Batches::new(self.clone())
    }

    /// Processes.
    pub fn processes(&self) -> Processes {
        Processes::new(self.clone())
    }

    /// Verbs on everything that a filter finds: to follow, to go on with, to end.
    pub fn operations(&self) -> Operations {
        Operations::new(self.clone())
    }

    /// The whole: queues, workers, figures, and what is wrong.
    pub fn system(&self) -> System {
        System::new(self.clone())
    }

    /// What happened to a command or a batch.
    pub fn audit(&self) -> AuditTrail {
        AuditTrail::new(self.clone())
    }
}
