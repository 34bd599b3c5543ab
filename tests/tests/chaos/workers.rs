//! Worker processes.

use std::process::{Child, Command, Stdio};

use rand::{RngExt, rngs::StdRng};

/// So many at once.
const WORKERS: usize = 4;

pub(crate) struct Workers {
    url: String,
    running: Vec<Running>,
    killed: usize,
}

/// A process that ends with us, at the latest.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(url: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos_worker"));
    Running(command.env("DATABASE_URL", url).stdin(Stdio::piped()).spawn().unwrap())
}

impl Workers {
    pub(crate) fn start(url: &str) -> Self {
        let running = (0..WORKERS).map(|_| spawn(url)).collect();
        Self { url: url.to_owned(), running, killed: 0 }
    }

    /// Kills one with SIGKILL, and starts another.
    pub(crate) fn kill_one(&mut self, random: &mut StdRng) {
        let one = random.random_range(0..self.running.len());
        self.running[one] = spawn(&self.url);
        self.killed += 1;
    }

    /// Nobody but us ends a worker.
    pub(crate) fn assert_alive(&mut self) {
        for Running(worker) in &mut self.running {
            assert_eq!(worker.try_wait().unwrap(), None, "a worker ended by itself");
        }
    }

    /// Ends them all; how many were killed before.
    pub(crate) fn stop(self) -> usize {
        self.killed
    }
}
