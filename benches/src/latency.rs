//! Latency: the time of a short message from its first signal until its sender knows that it is delivered.

use crate::floors::Floors;
use crate::lane::{Lane, transfer};
use crate::options::Options;
use crate::placement::Placement;
use crate::stats::{Summary, histogram, quantile};
use crate::table::Table;
use crate::{Failures, number};

/// The bytes of a short message.
pub const SHORT: usize = 16;

/// The times of consecutive messages, for each placement.
pub struct Latency {
    series: Vec<(Placement, Vec<f64>)>,
    count: u32,
}

impl Latency {
    /// Returns series without measurements.
    pub fn new(options: &Options) -> Self {
        let placements = Placement::possible().into_iter();
        Self {
            series: placements
                .map(|placement| (placement, Vec::new()))
                .collect(),
            count: if options.quick { 5 } else { 100 },
        }
    }

    /// Measures each series once.
    pub fn round(&mut self, failures: &mut Failures) {
        for (placement, times) in &mut self.series {
            let seed = times.len() as u64;
            let sent = transfer(*placement, Lane::Bit, SHORT, self.count, seed);
            let what = format!("short messages, {}", placement.title());
            let all = failures.note(&what, sent).into_iter().flatten();
            times.extend(all.map(|transfer| transfer.nanoseconds));
        }
    }

    /// Returns the measured times in nanoseconds.
    pub fn series(&self) -> &[(Placement, Vec<f64>)] {
        &self.series
    }

    /// Prints the table and the histograms.
    pub fn print(&self, floors: Option<&Floors>) {
        let mut table = Table::new(
            format!("Latency: one bit there and back, and whole messages of {SHORT} bytes"),
            &["what", "count", "median", "90 %", "99 %", "99.9 %", "most"],
        );
        let floors = floors.into_iter().flat_map(Floors::round_trips);
        let floors = floors.map(|(title, times)| (title.to_string(), times));
        let messages = self.series.iter().map(|(placement, times)| {
            (format!("{SHORT} bytes, {}", placement.title()), &times[..])
        });
        let all: Vec<(String, &[f64])> = floors.chain(messages).collect();
        for (title, times) in &all {
            let Some(summary) = Summary::of(times) else {
                continue;
            };
            let mut sorted = times.to_vec();
            sorted.sort_by(f64::total_cmp);
            table.row(vec![
                title.clone(),
                summary.count.to_string(),
                number::time(summary.median),
                number::time(quantile(&sorted, 0.9)),
                number::time(quantile(&sorted, 0.99)),
                number::time(quantile(&sorted, 0.999)),
                number::time(summary.max),
            ]);
        }
        println!("{table}");
        for (title, times) in &all {
            print_histogram(title, times);
        }
    }
}

/// Draws a histogram in characters, without bins that have less than a thousandth of the values.
fn print_histogram(title: &str, times: &[f64]) {
    const WIDTH: usize = 50;
    let bins = histogram(times);
    let Some(highest) = bins.iter().map(|bin| bin.2).max() else {
        return;
    };
    println!("{title}:\n\n```text");
    for (lower, upper, count) in bins.into_iter().filter(|bin| bin.2 * 1_000 >= times.len()) {
        let bar = "#".repeat((count * WIDTH).div_ceil(highest));
        println!(
            "{:>8} .. {:>8} {count:>7} {bar}",
            number::time(lower),
            number::time(upper)
        );
    }
    println!("```\n");
}
