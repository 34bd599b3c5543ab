//! The report for people.

use std::fmt::Write as _;

use super::{Report, plots::Plot};
use crate::{growth::PROGRAMS, machine::Machine};

pub fn page(report: &Report, name: &str, plots: &[Plot]) -> String {
    let mut page = format!("# Measurements\n\nWritten by `bench/run`; [the figures as JSON]({name}.json).\n");
    if let Some(machine) = &report.machine {
        described(&mut page, machine);
        add(
            &mut page,
            &format!(
                "\nMedians of {} interleaved rounds, each checked in the tables afterwards. Ratios are",
                report.rounds
            ),
        );
        add(&mut page, " medians of the ratios within a round. More is better, except for times, bytes and memory.\n");
        add(&mut page, "\n## Targets\n\n```text\n");
        add(&mut page, &(report.targets.join("\n") + "\n```\n"));
        figures(&mut page, report);
        systems(&mut page, report);
    }
    growth(&mut page, report);
    if !plots.is_empty() {
        add(&mut page, "\n## Plots\n");
    }
    for plot in plots {
        add(&mut page, &format!("\n![{}]({})\n", plot.title, plot.file));
    }
    page
}

fn add(page: &mut String, text: &str) {
    page.push_str(text);
}

fn described(page: &mut String, machine: &Machine) {
    let Machine { cores, memory_gb, processor, system, postgres, settings, measured_at } = machine;
    let settings: Vec<_> = settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    write!(
        page,
        "\n{measured_at}, {cores} cores ({processor}), {memory_gb} GB, {system}.  \n{postgres}.  \n`{}`\n",
        settings.join(", ")
    )
    .expect("a string takes everything");
}

fn figures(page: &mut String, report: &Report) {
    add(
        page,
        "\n## Figures\n\n| measure | system | median | min | max | ours to theirs |\n|---|---|--:|--:|--:|--:|\n",
    );
    for row in &report.figures {
        let ratio = report.ratios.iter().find(|ratio| ratio.measure == row.measure && ratio.system == row.system);
        let ratio = ratio.map_or(String::new(), |ratio| format!("{:.2}", ratio.ours_to_theirs));
        let [median, min, max] = [row.median, row.min, row.max].map(number);
        add(page, &format!("| {} | {} | {median} | {min} | {max} | {ratio} |\n", row.measure, row.system));
    }
}

fn systems(page: &mut String, report: &Report) {
    add(page, "\n## Systems\n\n| system | version | settings |\n|---|---|---|\n");
    for (system, (version, settings)) in &report.settings {
        add(page, &format!("| {system} | {version} | {settings} |\n"));
    }
    for (system, why) in &report.skipped {
        add(page, &format!("| {system} | skipped | {why} |\n"));
    }
}

fn growth(page: &mut String, report: &Report) {
    let measured: Vec<_> =
        PROGRAMS.into_iter().filter(|(name, _)| report.growth.iter().any(|point| point.of == *name)).collect();
    if measured.is_empty() {
        return;
    }
    add(page, "\n## Growth\n");
    report.growth_machine.iter().for_each(|machine| described(page, machine));
    for (name, what) in measured {
        let points: Vec<_> = report.growth.iter().filter(|point| point.of == name).collect();
        let mut measures: Vec<&str> = points.iter().map(|point| point.measure.as_str()).collect();
        let mut steps: Vec<f64> = points.iter().map(|point| point.x).collect();
        measures.sort_unstable();
        measures.dedup();
        steps.sort_by(f64::total_cmp);
        steps.dedup();
        add(page, &format!("\n| {what} | {} |\n|--:|{}\n", measures.join(" | "), "--:|".repeat(measures.len())));
        for step in steps {
            let value = |measure: &&str| {
                let point = points.iter().find(|point| point.x == step && point.measure == *measure);
                point.map_or(String::new(), |point| number(point.y))
            };
            let values: Vec<_> = measures.iter().map(value).collect();
            add(page, &format!("| {} | {} |\n", number(step), values.join(" | ")));
        }
    }
}

/// With as many digits as say something.
fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
