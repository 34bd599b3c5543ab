//! The memory of a process that sends or handles very many.

use super::{SENDER_GROWTH, SENDER_PEAK, WORKER_GROWTH, WORKER_PEAK};
use crate::{Error, bench::Bench, check, figures::Figures, program, system::OURS};

/// Sends one batch and drains it.
pub async fn both(bench: &Bench, figures: &mut Figures, jobs: usize) -> Result<(), Error> {
    let (ours, count) = (bench.ours(), jobs.to_string());
    let database = bench.fresh(ours).await?;
    let (_, sender) = program::run_watched(ours, &database, &["send-batch", "--jobs", &count]).await?;
    check::sent(ours, &database, jobs).await?;
    let (_, worker) = program::run_watched(ours, &database, &["drain", "--jobs", &count]).await?;
    check::done(ours, &database, jobs).await?;
    for (memory, peak, growth) in [(sender, SENDER_PEAK, SENDER_GROWTH), (worker, WORKER_PEAK, WORKER_GROWTH)] {
        let (most, grown) = judge(&memory).ok_or("the memory of a process is only known on Linux")?;
        figures.add(peak, OURS, most);
        figures.add(growth, OURS, grown);
    }
    bench.server.remove(database).await
}

/// The peak, and how much more the last fifth had at most than the fifth after the first: both in MB.
fn judge(memory_kb: &[u64]) -> Option<(f64, f64)> {
    let fifth = memory_kb.len() / 5;
    let most = |values: &[u64]| values.iter().max().map(|kb| *kb as f64 / 1024.0);
    let (peak, early) = (most(memory_kb)?, most(memory_kb.get(fifth..2 * fifth)?)?);
    let late = most(memory_kb.get(4 * fifth..)?)?;
    Some((peak, (late - early).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn growth_is_what_the_end_has_more_than_the_beginning() {
        let flat: Vec<u64> = (0..100).map(|n| if n < 5 { n * 1024 } else { 30 * 1024 }).collect();
        assert_eq!(judge(&flat), Some((30.0, 0.0)));
        let growing: Vec<u64> = (0..100).map(|n| n * 1024).collect();
        assert_eq!(judge(&growing), Some((99.0, 60.0)));
        assert_eq!(judge(&[]), None);
    }
}
