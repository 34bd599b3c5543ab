//! From send to the start of the handler, at an even rate.

use protocol::percentile;

use super::{LATENCY_P50, LATENCY_P99};
use crate::{Error, bench::Bench, check, figures::Figures};

pub async fn each(bench: &Bench, figures: &mut Figures, systems: &[&str]) -> Result<(), Error> {
    for system in systems.iter().filter_map(|name| bench.system(name)) {
        let database = bench.fresh(system).await?;
        let seconds = bench.sizes.latency_seconds.to_string();
        let answer = bench.run(figures, system, &database, &["latency", "--rate", "20", "--seconds", &seconds]).await?;
        check::done(system, &database, answer.jobs).await?;
        let name = system.profile.name;
        figures.add(LATENCY_P50, name, percentile(&answer.latencies, 0.50));
        figures.add(LATENCY_P99, name, percentile(&answer.latencies, 0.99));
        figures.latencies.entry(name.to_owned()).or_default().extend(answer.latencies);
        bench.server.remove(database).await?;
    }
    Ok(())
}
