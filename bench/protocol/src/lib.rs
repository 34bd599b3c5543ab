//! What the systems under measurement have in common: the job, the tasks they are given, how these are driven and timed,
//! and the one line of JSON that they answer with. A system says how *it* does a thing; nothing of the measuring is its
//! own, so that all are measured alike.

mod answer;
mod arguments;
mod drive;
mod latency;
mod meter;
mod payload;
mod system;
mod version;

pub use self::{
    answer::{Answer, percentile, print, rate},
    arguments::{Arguments, Task},
    drive::{drain, run, send_one},
    meter::Meter,
    payload::{Payload, chunks},
    system::System,
    version::locked_version,
};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
