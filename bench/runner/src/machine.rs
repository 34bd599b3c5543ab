//! What it was measured on.

use serde::{Deserialize, Serialize};

use crate::{Error, server::Server};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    pub cores: usize,
    pub memory_gb: f64,
    pub processor: String,
    pub system: String,
    pub postgres: String,
    pub settings: Vec<(String, String)>,
    pub measured_at: String,
}

impl Machine {
    pub async fn of(server: &Server) -> Result<Self, Error> {
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            memory_gb: line("/proc/meminfo", "MemTotal:").and_then(kb).map_or(0.0, |kb| (kb / 1e5).round() / 10.0),
            processor: line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            postgres: server.version().await?,
            settings: server.settings().await?,
            measured_at: chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
        })
    }
}

/// What stands behind a name in a file of Linux's.
fn line(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn kb(text: String) -> Option<f64> {
    text.trim_end_matches("kB").trim().parse().ok()
}
