//! The job that does nothing.

use commandbus::prelude::*;
use protocol::{Meter, Payload};

#[command(domain = "bench", group_by = group)]
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<usize>,
    #[serde(flatten)]
    payload: Payload,
}

impl Job {
    pub fn new(group: Option<usize>, payload: Payload) -> Self {
        Self { group, payload }
    }
}

#[handler]
async fn job(job: Job, State(meter): State<Meter>) {
    meter.handle(&job.payload).await;
}
