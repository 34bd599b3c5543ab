//! The samples as a picture.

use std::{fs, path::Path};

use plotters::{coord::Shift, prelude::*};

use crate::{
    record::{Record, Samples, Series},
    setting,
};

const SIZE: (u32, u32) = (960, 1200);

/// So many tables have a line of their own, the largest.
const TABLES: usize = 6;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the samples of a file.
pub(crate) fn draw(samples: &Path, to: &Path) {
    let samples = Samples::read(samples);
    let area = SVGBackend::new(to, SIZE).into_drawing_area();
    area.fill(&WHITE).unwrap();
    let [memory, latency, sizes, rows] = &area.split_evenly((4, 1))[..] else { unreachable!("four rows of one") };

    let scaled = |series: Series, unit: f64| series.into_iter().map(|(at, value)| (at, value / unit)).collect();
    let of = |what: &str, name: &str, unit: f64| (name.to_owned(), scaled(samples.of(what, name), unit));
    panel(memory, "Memory, MB", vec![of("memory_kb", "worker", 1024.0), of("memory_kb", "sender", 1024.0)]);
    panel(
        latency,
        "From send to handler, and to the reply, ms",
        vec![
            ("handler, half".to_owned(), samples.of("wait_ms", "p50")),
            ("handler, 99 of 100".to_owned(), samples.of("wait_ms", "p99")),
            ("reply, half".to_owned(), samples.of("reply_ms", "p50")),
        ],
    );
    let mut tables: Vec<(String, Series)> =
        samples.names("table_bytes").into_iter().map(|name| of("table_bytes", name, 1e6)).collect();
    let most = |series: &Series| series.iter().map(|point| point.1).fold(0.0, f64::max);
    tables.sort_by(|a, b| most(&b.1).total_cmp(&most(&a.1)));
    tables.truncate(TABLES);
    tables.push(("all indexes".to_owned(), scaled(samples.sum("index_bytes"), 1e6)));
    panel(sizes, "Size of the largest tables, and of all indexes, MB", tables);
    panel(
        rows,
        "Rows of all tables, thousands",
        vec![
            ("live".to_owned(), scaled(samples.sum("live"), 1e3)),
            ("dead".to_owned(), scaled(samples.sum("dead"), 1e3)),
        ],
    );
    area.present().unwrap();
}

fn panel(area: &Area<'_>, title: &str, lines: Vec<(String, Series)>) {
    let points = || lines.iter().flat_map(|(_, series)| series);
    let end = points().map(|point| point.0).fold(1.0, f64::max) / 60.0;
    // One moment that stands out would press everything else to the ground.
    let mut values: Vec<f64> = points().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    let top = values.get(values.len().saturating_sub(1 + values.len() / 200)).copied().unwrap_or(1.0).max(1.0);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..end, 0.0..top * 1.1)
        .unwrap();
    chart
        .configure_mesh()
        .x_desc("minutes")
        .x_label_formatter(&|at| if end < 10.0 { format!("{at:.1}") } else { format!("{at:.0}") })
        .light_line_style(WHITE)
        .draw()
        .unwrap();
    for (number, (name, series)) in lines.into_iter().enumerate() {
        let color = Palette99::pick(number).to_rgba();
        let points = series.into_iter().map(|(at, value)| (at / 60.0, value.min(top * 1.1)));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))
            .unwrap()
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    let mut legend = chart.configure_series_labels();
    legend
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()
        .unwrap();
}

#[test]
fn the_samples_of_a_run_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let samples = setting("COMMANDBUS_SOAK_DRAW").unwrap_or_else(|| {
        let made_up = folder.path().join("soak.csv");
        let mut record = Record::create(&made_up);
        for at in 0..60 {
            for (what, of) in [("memory_kb", "worker"), ("wait_ms", "p50"), ("table_bytes", "audit"), ("dead", "audit")]
            {
                record.note(f64::from(at), what, of, f64::from(1_000 + at % 7));
            }
        }
        record.flush();
        made_up
    });
    let drawn = samples.with_extension("svg");
    draw(&samples, &drawn);
    let picture = fs::read_to_string(drawn).unwrap();
    assert!(picture.contains("Memory, MB") && picture.contains("worker"), "{picture}");
}
