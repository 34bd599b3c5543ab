//! Measures commandbus beside its peers: each system in a database of its own on one private server, interleaved, repeated,
//! and checked in the tables.

mod bench;
mod check;
mod figures;
mod growth;
mod history;
mod machine;
mod measure;
mod optional;
mod process;
mod program;
mod report;
mod rounds;
mod server;
mod system;
mod targets;
mod workers;

use std::time::Instant;

use clap::Parser;

use self::{
    bench::{Bench, Sizes},
    figures::Figures,
    machine::Machine,
    report::Report,
    system::PROFILES,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(name = "bench/run")]
struct Arguments {
    /// Measures what the targets need and no more: one line for each, in less than 8 minutes.
    #[arg(long)]
    quick: bool,
    /// Measures how ours grows: history, payload, domains, processes, batch, groups, waiting,
    /// retention.
    #[arg(long)]
    growth: bool,
    /// With `--growth`: leaves out the steps beyond this.
    #[arg(long, default_value_t = f64::INFINITY)]
    largest: f64,
    /// How often each measurement is taken; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only measurements with this in their name: drain, send, bulk, latency, snapshot, history, wal, batch, steps,
    /// transactional, memory, idle; with `--growth` one of those.
    #[arg(long, default_value = "")]
    only: String,
    /// Only these systems beside commandbus and pgmq, separated by commas.
    #[arg(long, value_delimiter = ',')]
    systems: Option<Vec<String>>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    let start = Instant::now();
    if arguments.growth {
        grow(&arguments).await?;
    } else {
        compare(&arguments).await?;
    }
    eprintln!("measured in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The curves of growth.
async fn grow(arguments: &Arguments) -> Result<(), Error> {
    let bench = Bench::start(Sizes::full(), &[system::OURS, system::FLOOR], &mut Figures::default()).await?;
    let machine = Machine::of(&bench.server).await?;
    growth::measure(&bench, &arguments.only, arguments.largest, |points| {
        let mut report = Report::last();
        report.grown(machine.clone(), points);
        eprintln!("written to {}", report.write()?.display());
        Ok(())
    })
    .await?;
    bench.server.stop().await
}

/// The systems beside each other.
async fn compare(arguments: &Arguments) -> Result<(), Error> {
    let sizes = if arguments.quick { Sizes::quick() } else { Sizes::full() };
    let mut figures = Figures::default();
    let bench = Bench::start(sizes, &wanted(arguments), &mut figures).await?;
    rounds::measure(&bench, &mut figures, &arguments.only, arguments.rounds, arguments.quick).await?;
    for target in targets::all(&figures) {
        if target.parts.iter().any(|part| part.value.is_some()) || arguments.only.is_empty() {
            println!("{}", target.line());
        }
    }
    // A part of the measurements is no report.
    if arguments.only.is_empty() && arguments.systems.is_none() {
        let mut report = if arguments.quick { Report::default() } else { Report::last() };
        report.measured(Machine::of(&bench.server).await?, arguments.rounds, &figures);
        let folder = if arguments.quick { report.write_quick()? } else { report.write()? };
        eprintln!("written to {}", folder.display());
    }
    bench.server.stop().await
}

/// The systems that are to be measured. Those that no target speaks of wait for the full run.
fn wanted(arguments: &Arguments) -> Vec<&'static str> {
    const QUICK: [&str; 6] = [system::OURS, system::FLOOR, "graphile_worker", "riverqueue", "apalis", "reliable-cmd"];
    let always = |name| [system::OURS, system::FLOOR].contains(&name);
    let names = PROFILES.iter().map(|profile| profile.name);
    match &arguments.systems {
        Some(systems) => names.filter(|name| always(name) || systems.iter().any(|system| system == name)).collect(),
        None if arguments.quick => QUICK.to_vec(),
        None => names.collect(),
    }
}
