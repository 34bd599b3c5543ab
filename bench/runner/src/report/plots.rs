//! The plots, as SVG.

use std::path::Path;

use plotters::{
    coord::ranged1d::{AsRangedCoord, ValueFormatter},
    prelude::*,
};

use super::Report;
use crate::{Error, growth, measure::DRAIN};

pub struct Plot {
    pub title: &'static str,
    pub file: &'static str,
}

const SIZE: (u32, u32) = (900, 480);

/// Draws those that there are figures for.
pub fn draw(report: &Report, folder: &Path) -> Result<Vec<Plot>, Error> {
    let mut drawn = Vec::new();
    let mut plot = |title, file, draw: &dyn Fn(&Path, &str) -> Result<bool, Error>| -> Result<(), Error> {
        if draw(&folder.join(file), title)? {
            drawn.push(Plot { title, file });
        }
        Ok(())
    };
    plot("Jobs drained a second", "throughput.svg", &|file, title| throughput(report, file, title))?;
    plot("From send to handler, at 20 a second", "latency.svg", &|file, title| latency(report, file, title))?;
    plot("Commands drained a second after a history of so many million", "drain-history.svg", &|file, title| {
        curve(report, growth::HISTORY, 1e6, file, title)
    })?;
    plot("Commands drained a second by so many processes", "drain-processes.svg", &|file, title| {
        curve(report, growth::PROCESSES, 1.0, file, title)
    })?;
    Ok(drawn)
}

fn throughput(report: &Report, file: &Path, title: &str) -> Result<bool, Error> {
    let mut rows: Vec<_> = report.figures.iter().filter(|row| row.measure == DRAIN).collect();
    rows.sort_by(|a, b| a.median.total_cmp(&b.median));
    let Some(most) = rows.iter().map(|row| row.max).reduce(f64::max) else { return Ok(false) };
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let names: Vec<String> = rows.iter().map(|row| row.system.clone()).collect();
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(130)
        .build_cartesian_2d(0.0..most * 1.05, (0..rows.len() as u32).into_segmented())?;
    let name = |at: &SegmentValue<u32>| match at {
        SegmentValue::CenterOf(n) => names.get(*n as usize).cloned().unwrap_or_default(),
        _ => String::new(),
    };
    chart.configure_mesh().disable_y_mesh().y_labels(rows.len()).y_label_formatter(&name).draw()?;
    chart.draw_series(rows.iter().enumerate().map(|(n, row)| {
        let (from, to) = (SegmentValue::Exact(n as u32), SegmentValue::Exact(n as u32 + 1));
        let mut bar = Rectangle::new([(0.0, from), (row.median, to)], BLUE.mix(0.6).filled());
        bar.set_margin(6, 6, 0, 0);
        bar
    }))?;
    area.present()?;
    Ok(true)
}

/// The part of the jobs that had started after so many milliseconds.
fn latency(report: &Report, file: &Path, title: &str) -> Result<bool, Error> {
    let all = report.latencies.iter().map(|(system, values)| {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len() as f64;
        let part = move |(n, ms): (usize, f64)| (ms, (n + 1) as f64 / last);
        (system.clone(), sorted.into_iter().enumerate().map(part).collect())
    });
    // Those that look twice a second would press the others into a line.
    let fast =
        all.filter(|(_, points): &(_, Vec<(f64, f64)>)| points.get(points.len() / 2).is_some_and(|half| half.0 < 50.0));
    lines(fast.collect(), 0.0..20.0, 0.0..1.0, "ms", file, title)
}

fn curve(report: &Report, of: &str, unit: f64, file: &Path, title: &str) -> Result<bool, Error> {
    let mut series: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for point in report.growth.iter().filter(|point| point.of == of && point.measure.ends_with("a second")) {
        let at = (point.x / unit, point.y);
        match series.iter_mut().find(|(measure, _)| *measure == point.measure) {
            Some((_, points)) => points.push(at),
            None => series.push((point.measure.clone(), vec![at])),
        }
    }
    let most = |of: fn(&(f64, f64)) -> f64| series.iter().flat_map(|(_, points)| points).map(of).fold(1.0, f64::max);
    let (x, y) = (most(|point| point.0), most(|point| point.1));
    lines(series, 0.0..x * 1.02, 0.0..y * 1.1, "", file, title)
}

fn lines<X, Y>(
    series: Vec<(String, Vec<(f64, f64)>)>,
    x: X,
    y: Y,
    unit: &str,
    file: &Path,
    title: &str,
) -> Result<bool, Error>
where
    X: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
    Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
{
    if series.is_empty() {
        return Ok(false);
    }
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d(x, y)?;
    chart.configure_mesh().x_desc(unit).draw()?;
    for (n, (name, points)) in series.into_iter().enumerate() {
        let color = Palette99::pick(n).to_rgba();
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    area.present()?;
    Ok(true)
}
