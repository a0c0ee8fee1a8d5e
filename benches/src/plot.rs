//! Plots of the tables, as SVG.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::clients::Clients;
use crate::floors::Floors;
use crate::lane::Lanes;
use crate::latency::{Latency, SHORT};
use crate::stats::{Summary, histogram};
use crate::streams::Streams;
use crate::{Failure, Result};

const SIZE: (u32, u32) = (900, 560);

/// The palette of Okabe and Ito, which colour-blind readers can distinguish, and three more colours for the longest list.
const COLOURS: [RGBColor; 10] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(140, 86, 75),
    RGBColor(127, 127, 127),
    RGBColor(148, 103, 189),
];

/// A named series of points.
type Line = (String, Vec<(f64, f64)>);

type Canvas<'c> = DrawingArea<SVGBackend<'c>, Shift>;

/// Draws the measurements and returns the paths of the files.
///
/// # Errors
/// When a file cannot be written.
pub fn draw(
    directory: &Path,
    floors: Option<&Floors>,
    lanes: Option<&Lanes>,
    streams: Option<&Streams>,
    latency: Option<&Latency>,
    clients: Option<&Clients>,
) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(directory)?;
    let mut files = Vec::new();
    let mut plot = |name: &str, title: &str, x: &str, y: &str, lines: Vec<Line>, kind: Kind| {
        let lines: Vec<Line> = lines
            .into_iter()
            .filter(|line| !line.1.is_empty())
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        let file = directory.join(name);
        let drawn = chart(&file, title, x, y, &lines, kind);
        drawn.map_err(|error| format!("{}: {error}", file.display()))?;
        files.push(file);
        Ok::<(), Failure>(())
    };
    plot(
        "throughput.svg",
        "Throughput against the size of the message",
        "bytes of the message",
        "bytes a second",
        throughput(lanes, streams),
        Kind::Lines,
    )?;
    let floor_lines = floors.into_iter().flat_map(Floors::round_trips);
    let bits = floor_lines
        .map(|(title, times)| shares(title.into(), times))
        .collect();
    let latency_lines = latency.into_iter().flat_map(Latency::series);
    let messages = latency_lines.map(|(placement, times)| shares(placement.title().into(), times));
    plot(
        "latency-bit.svg",
        "One bit there and back, without a protocol",
        "microseconds",
        "share of the round trips, %",
        bits,
        Kind::Steps,
    )?;
    plot(
        "latency-message.svg",
        &format!("Messages of {SHORT} bytes, from the first signal to the last answer"),
        "microseconds",
        "share of the messages, %",
        messages.collect(),
        Kind::Steps,
    )?;
    plot(
        "clients.svg",
        "Clients at once against the rate of all",
        "clients",
        "bytes a second",
        many(clients),
        Kind::Lines,
    )?;
    Ok(files)
}

fn throughput(lanes: Option<&Lanes>, streams: Option<&Streams>) -> Vec<Line> {
    let lanes = lanes.into_iter().flat_map(Lanes::series).map(|series| {
        let title = format!("{}, {}", series.lane.title(), series.placement.title());
        (title, series.size, &series.times)
    });
    let streams = streams.into_iter().flat_map(Streams::series);
    let streams =
        streams.map(|series| (series.kind.title().to_string(), series.size, &series.times));
    let mut lines: Vec<Line> = Vec::new();
    for (title, size, times) in lanes.chain(streams) {
        let Some(summary) = Summary::of(times) else {
            continue;
        };
        let point = (size as f64, size as f64 * 1e9 / summary.median);
        match lines.iter_mut().find(|line| line.0 == title) {
            Some(line) => line.1.push(point),
            None => lines.push((title, vec![point])),
        }
    }
    lines
}

fn many(clients: Option<&Clients>) -> Vec<Line> {
    let points = clients
        .into_iter()
        .flat_map(Clients::series)
        .filter_map(|series| {
            let summary = Summary::of(&series.rates)?;
            Some((f64::from(series.clients), summary.median))
        });
    vec![("all together".into(), points.collect())]
}

/// Returns a histogram of nanoseconds as a step line, in microseconds and percent.
fn shares(title: String, times: &[f64]) -> Line {
    let all = times.len() as f64;
    let bins = histogram(times);
    // A few distant values would compress the others.
    let is_worth_it = |bin: &(f64, f64, usize)| bin.2 as f64 >= all / 1_000.0;
    let first = bins.iter().position(is_worth_it).unwrap_or(0);
    let last = bins
        .iter()
        .rposition(is_worth_it)
        .map_or(0, |last| last + 1);
    let mut points: Vec<(f64, f64)> = bins[first..last]
        .iter()
        .map(|(lower, upper, count)| (lower / 1e3, upper / 1e3, 100.0 * *count as f64 / all))
        .flat_map(|(lower, upper, share)| [(lower, share), (upper, share)])
        .collect();
    if let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) {
        points.insert(0, (first.0, 0.0));
        points.push((last.0, 0.0));
    }
    (title, points)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Two logarithmic axes, with a mark at each point.
    Lines,
    /// A logarithmic axis and an axis that begins at 0.
    Steps,
}

fn chart(
    file: &Path,
    title: &str,
    x: &str,
    y: &str,
    lines: &[Line],
    kind: Kind,
) -> std::result::Result<(), Box<dyn Error>> {
    let canvas: Canvas<'_> = SVGBackend::new(file, SIZE).into_drawing_area();
    canvas.fill(&WHITE)?;
    let points = || lines.iter().flat_map(|line| &line.1);
    let (left, right) = bounds(points().map(|point| point.0), kind == Kind::Steps);
    let (bottom, top) = bounds(
        points().map(|point| point.1).filter(|y| *y > 0.0),
        kind == Kind::Lines,
    );
    let mut builder = ChartBuilder::on(&canvas);
    builder
        .caption(title, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(76);
    // The two kinds of axes have different types.
    macro_rules! draw {
        ($vertical:expr) => {{
            let mut chart = builder.build_cartesian_2d((left..right).log_scale(), $vertical)?;
            chart
                .configure_mesh()
                .x_desc(x)
                .y_desc(y)
                .x_label_formatter(&|v| short(*v))
                .y_label_formatter(&|v| short(*v))
                .label_style(("sans-serif", 14))
                .axis_desc_style(("sans-serif", 16))
                .light_line_style(WHITE)
                .draw()?;
            for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
                let style = colour.stroke_width(2);
                chart
                    .draw_series(LineSeries::new(line.1.iter().copied(), style))?
                    .label(&line.0)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
                if kind == Kind::Lines {
                    let marks = line
                        .1
                        .iter()
                        .map(|point| Circle::new(*point, 3, colour.filled()));
                    chart.draw_series(marks)?;
                }
            }
            if lines.len() > 1 {
                chart
                    .configure_series_labels()
                    .position(if kind == Kind::Lines {
                        SeriesLabelPosition::LowerRight
                    } else {
                        SeriesLabelPosition::UpperRight
                    })
                    .legend_area_size(28)
                    .background_style(WHITE.mix(0.85))
                    .border_style(BLACK.mix(0.4))
                    .label_font(("sans-serif", 14))
                    .draw()?;
            }
        }};
    }
    match kind {
        Kind::Lines => draw!((bottom..top).log_scale()),
        Kind::Steps => draw!(0.0..top.min(105.0)),
    }
    canvas.present()?;
    Ok(())
}

/// Returns a range with a margin around the values; for `decades`, whole powers of ten, because only these get labels.
fn bounds(values: impl Iterator<Item = f64>, decades: bool) -> (f64, f64) {
    let (least, most) = values.fold((f64::INFINITY, 0.0f64), |(least, most), v| {
        (least.min(v), most.max(v))
    });
    if least > most {
        return (0.1, 1.0);
    }
    let (least, most) = (least / 1.3, most * 1.3);
    if !decades {
        return (least, most);
    }
    let power = |exponent: f64| 10f64.powf(exponent);
    // The axis excludes its end and the last label.
    (
        power(least.log10().floor()),
        power(most.log10().ceil()) * 1.01,
    )
}

/// Formats a number for an axis.
fn short(value: f64) -> String {
    let (factor, unit) = match value.abs() {
        v if v >= 1e9 => (1e9, "G"),
        v if v >= 1e6 => (1e6, "M"),
        v if v >= 1e3 => (1e3, "k"),
        _ => (1.0, ""),
    };
    format!("{}{unit}", crate::number::significant(value / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_labels_and_bounds_are_readable() {
        assert_eq!(short(10_000.0), "10k");
        assert_eq!(short(0.5), "0.5");
        assert_eq!(bounds([].into_iter(), true), (0.1, 1.0));
        assert_eq!(bounds([13.0, 20.0].into_iter(), false), (10.0, 26.0));
        let (least, most) = bounds([13.0, 20.0].into_iter(), true);
        assert!((9.99..10.01).contains(&least), "{least}");
        assert!((100.0..102.0).contains(&most), "{most}");
    }

    #[test]
    fn the_shares_of_a_histogram_are_hundredths() {
        let (_, points) = shares(String::new(), &[1_000.0, 1_001.0, 9_000.0, 9_001.0]);
        assert_eq!(points.first().unwrap().1, 0.0);
        assert_eq!(points.iter().map(|p| p.1).fold(0.0, f64::max), 50.0);
    }
}
